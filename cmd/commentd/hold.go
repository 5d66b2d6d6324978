package main

import (
	"context"
	"fmt"

	"github.com/commentd/commentd/domain"
)

type ticketHold struct{ holdChange }

func (c ticketHold) Run(ctx context.Context, e env) error { return c.set(ctx, e, true) }

type ticketRelease struct{ holdChange }

func (c ticketRelease) Run(ctx context.Context, e env) error { return c.set(ctx, e, false) }

// holdChange names the ticket whose legal hold is laid or lifted.
type holdChange struct {
	database
	output
	Account string `required:"" help:"The account, by slug."`
	ID      string `arg:"" help:"The ticket, by UUID."`
}

// set lays or lifts the hold. That it is as wanted already is no mistake.
func (c holdChange) set(ctx context.Context, e env, hold bool) error {
	id, err := domain.ParseTicketID(c.ID)
	if err != nil {
		return &usageError{fmt.Errorf("the ticket's id is %w", err)}
	}
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.ErasedOrNot(ctx, c.Account)
		if err != nil {
			return err
		}
		// Putting an unknown ticket would open it.
		if _, err := t.log.Ticket(ctx, account.ID, id); err != nil {
			return err
		}
		audit, err := t.log.Numbers().Draw(ctx, account.ID, domain.NumbersPerWrite)
		if err != nil {
			return err
		}
		put := domain.PutTicket{Account: account.ID, Ticket: id, By: operator, LegalHold: &hold, Numbers: domain.Numbers{Audit: audit}}
		if _, err := t.log.Execute(ctx, put, nil); err != nil {
			return err
		}
		head, err := t.log.Ticket(ctx, account.ID, id)
		if err != nil {
			return err
		}
		return c.print(e.stdout, ticketHeader, []row{ticketRow(head)})
	})
}
