package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/retention"
)

// A receipt says what an erasure has done, or would do.
type receipt struct {
	What        string              `json:"what"` // ticket, customer, account
	ID          string              `json:"id"`
	Account     string              `json:"account"`
	DryRun      bool                `json:"dry_run"`
	Complete    bool                `json:"complete"` // nothing is left to erase
	Tickets     int                 `json:"tickets"`
	Comments    int                 `json:"comments"`
	Chats       int                 `json:"chats"`
	Before      int                 `json:"comments_erased_before"`
	Subjects    int                 `json:"subjects"`
	Texts       int                 `json:"texts"`
	People      int                 `json:"people"`
	Keys        int                 `json:"keys_revoked"`
	Held        []domain.TicketID   `json:"held_tickets"`
	First       eventstore.Position `json:"first_position,omitempty"`
	Last        eventstore.Position `json:"last_position,omitempty"`
	Obligations int                 `json:"obligations_open"` // of the account, this erasure's and others'
}

// surveyed notes what there is to erase.
func (r *receipt) surveyed(s retention.Survey, people int) {
	r.Tickets, r.Comments, r.Chats, r.Subjects, r.Texts = s.Tickets, s.Comments, s.Chats, s.Subjects, s.Texts
	r.Before, r.People = s.Erased, people
	r.Held = append([]domain.TicketID{}, s.Held...) // null is no list
}

// nothing is the receipt of an erasure that has not begun.
func (r *receipt) nothing() *receipt {
	return &receipt{What: r.What, ID: r.ID, Account: r.Account, Before: r.Before, Held: r.Held}
}

// erased notes what is gone.
func (r *receipt) erased(t retention.Tally) {
	r.Tickets, r.Comments, r.Chats, r.Subjects, r.Texts = t.Tickets(), t.Comments, t.Chats, t.Subjects, t.Texts
	r.First, r.Last = t.First, t.Last
}

// blocked is the error of an erasure that a legal hold keeps from being complete.
func (r *receipt) blocked() error {
	if r.What == "ticket" {
		return domain.ErrLegalHold
	}
	n := len(r.Held)
	if r.What == "account" {
		return fmt.Errorf("the account is not erased: tickets under legal hold: %d", n)
	}
	return fmt.Errorf("the customer is not erased altogether: tickets under legal hold: %d; the same command erases the rest when they are released", n)
}

func (r *receipt) print(w io.Writer, o output) error {
	if o.JSON {
		return o.print(w, "", []row{{object: r}})
	}
	head, counts := "erased", "%d, and %d before\n"
	if r.DryRun {
		head, counts = "to be erased", "%d, besides %d erased before\n"
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(table, name+"\t"+format, args...) }
	line(head, "%s %s of account %s\n", r.What, r.ID, r.Account)
	line("tickets", "%d\n", r.Tickets)
	line("comments", counts, r.Comments, r.Before)
	line("chats", "%d\n", r.Chats)
	line("subjects", "%d\n", r.Subjects)
	line("texts", "%d\n", r.Texts)
	line("people", "%d\n", r.People)
	line("keys revoked", "%d\n", r.Keys)
	line("held tickets", "%d\n", len(r.Held))
	for _, id := range r.Held[:min(len(r.Held), shownHeld)] {
		line("", "%s\n", id)
	}
	if len(r.Held) > shownHeld {
		line("", "...\n")
	}
	if r.First != 0 {
		line("events", "%d to %d\n", r.First, r.Last)
	}
	if !r.DryRun {
		line("keys to destroy", "for %d erasures in the account\n", r.Obligations)
	}
	err := table.Flush()
	if r.Obligations > 0 {
		_, noteErr := fmt.Fprintln(w, horizonNote)
		err = errors.Join(err, noteErr)
	}
	return err
}

const shownHeld = 20

const horizonNote = `No answer of the service holds any of this from now on. The role worker destroys the keys that could still
open it in backups and on disk (--wait waits for it); older backups of the keyring can open it until they expire.`
