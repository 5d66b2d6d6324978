package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

type ticketCommand struct {
	Create  ticketCreate  `cmd:"" help:"Open a ticket."`
	List    ticketList    `cmd:"" help:"List the tickets of an account."`
	Hold    ticketHold    `cmd:"" help:"Lay a legal hold on a ticket: nothing in it is redacted or erased, also not by retention."`
	Release ticketRelease `cmd:"" help:"Lift the legal hold of a ticket."`
	History ticketHistory `cmd:"" help:"Print what happened on a ticket: who, when, what, and what was said before and after. Redacted texts are masked."`
	Replay  ticketReplay  `cmd:"" help:"Show the comments of a ticket as they were: after each event, or at a moment."`
	Export  ticketExport  `cmd:"" help:"Write all there is of a ticket, with the proof that it is from the log, as a bundle that commentd log verify --bundle checks without the database."`
}

// operator is the actor of what is done on the command line.
var operator = domain.By{Actor: domain.Actor{Kind: domain.ActorSystem}, Admin: true}

type ticketCreate struct {
	database
	Account   string `required:"" help:"The account, by slug."`
	ID        string `name:"id" help:"UUID; a new one if not given." placeholder:"UUID"`
	Requester string `help:"The customer who asks, by UUID." placeholder:"UUID"`
	Subject   string `help:"Subject."`
}

func (c ticketCreate) Run(ctx context.Context, e env) error {
	id := domain.TicketID(uuid.New())
	var err error
	if c.ID != "" {
		if id, err = domain.ParseTicketID(c.ID); err != nil {
			return &usageError{fmt.Errorf("--id is %w", err)}
		}
	}
	put := domain.PutTicket{Ticket: id, By: operator}
	if c.Requester != "" {
		requester, err := domain.ParseUserID(c.Requester)
		if err != nil {
			return &usageError{fmt.Errorf("--requester is %w", err)}
		}
		put.Requester = new(*domain.UserID)
		*put.Requester = &requester
	}
	if c.Subject != "" {
		put.Subject = new(*domain.Text)
		*put.Subject = &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.New())}, Body: c.Subject}
	}
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		put.Account = account.ID
		first, err := t.log.Numbers().Draw(ctx, account.ID, domain.NumbersPerWrite)
		if err != nil {
			return err
		}
		put.Numbers = domain.Numbers{Audit: first, Subject: first + 1}
		if _, err := t.log.Execute(ctx, put, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.stdout, id)
		return err
	})
}

type ticketList struct {
	database
	output
	Account string `required:"" help:"The account, by slug."`
}

func (c ticketList) Run(ctx context.Context, e env) error {
	const page = 1000
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		var rows []row
		for after := (domain.TicketID{}); ; {
			tickets, err := t.log.Tickets(ctx, account.ID, after, page)
			if err != nil {
				return err
			}
			for _, ticket := range tickets {
				rows = append(rows, ticketRow(ticket))
				after = ticket.ID
			}
			if len(tickets) < page {
				return c.print(e.stdout, ticketHeader, rows)
			}
		}
	})
}

const ticketHeader = "TICKET\tNUMBER\tSTATUS\tEVENTS\tLEGAL HOLD"

func ticketRow(h eventstore.TicketHead) row {
	return row{
		text: fmt.Sprintf("%s\t%d\t%s\t%d\t%t", h.ID, h.Number, h.Status, h.Version, h.LegalHold),
		object: struct {
			ID        domain.TicketID `json:"id"`
			Number    int64           `json:"number"`
			Status    domain.Status   `json:"status"`
			Version   int32           `json:"version"`
			LegalHold bool            `json:"legal_hold"`
		}{h.ID, h.Number, h.Status, int32(h.Version), h.LegalHold},
	}
}
