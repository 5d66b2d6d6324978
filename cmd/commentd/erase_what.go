package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

type eraseTicket struct {
	erasing
	Account string `required:"" help:"The account, by slug."`
	ID      string `arg:"" help:"The ticket, by UUID."`
}

func (c eraseTicket) Run(ctx context.Context, e env) error {
	id, err := domain.ParseTicketID(c.ID)
	if err != nil {
		return &usageError{fmt.Errorf("the ticket's id is %w", err)}
	}
	return c.run(ctx, e, c.Account, func(x *eraseRun) error {
		x.report.What, x.report.ID = "ticket", id.String()
		x.scope.Ticket, x.whole = id, true
		return nil
	})
}

type eraseCustomer struct {
	erasing
	Account string `required:"" help:"The account, by slug."`
	ID      string `arg:"" help:"The customer, by UUID."`
}

func (c eraseCustomer) Run(ctx context.Context, e env) error {
	id, err := domain.ParseUserID(c.ID)
	if err != nil {
		return &usageError{fmt.Errorf("the customer's id is %w", err)}
	}
	return c.run(ctx, e, c.Account, func(x *eraseRun) error {
		x.report.What, x.report.ID = "customer", id.String()
		role, err := x.directory.Role(ctx, x.account.ID, id)
		switch {
		case err != nil:
			return err
		case role == "":
			return directory.ErrUserNotFound
		case role != directory.RoleCustomer:
			return errors.New("the user is no customer: what the helpdesk has said is erased ticket by ticket")
		}
		x.scope.Person = id
		x.people = []domain.UserID{id}
		x.close = func(ctx context.Context) (int, error) { return x.keys.RevokeUser(ctx, x.account.ID, id) }
		return x.countKeys(ctx, func(k auth.Key) bool { return k.UserID == id })
	})
}

type eraseAccount struct {
	erasing
	Account string `arg:"" help:"The account, by slug."`
}

func (c eraseAccount) Run(ctx context.Context, e env) error {
	return c.run(ctx, e, c.Account, func(x *eraseRun) error {
		x.report.What, x.report.ID = "account", c.Account
		x.whole = true
		x.close = func(ctx context.Context) (int, error) {
			if _, err := x.directory.EraseAccount(ctx, x.account.ID); err != nil {
				return 0, err
			}
			n, err := x.keys.RevokeAccount(ctx, x.account.ID)
			return n, errors.Join(err, x.everybody(ctx))
		}
		x.forget = func(ctx context.Context) error {
			return errors.Join(webhook.NewStore(x.pool, x.root, 0).Forget(ctx, x.account.ID), x.outlets().Forget(ctx, x.account.ID))
		}
		return errors.Join(x.everybody(ctx), x.countKeys(ctx, func(auth.Key) bool { return true }))
	})
}

// everybody makes all people of the account people to be erased, unless they are.
func (x *eraseRun) everybody(ctx context.Context) error {
	x.people = nil
	for after := int64(0); ; {
		page, err := x.directory.People(ctx, x.account.ID, after, directory.MaxPage)
		if err != nil {
			return err
		}
		for _, p := range page {
			if after = p.Number; !p.Erased {
				x.people = append(x.people, p.ID)
			}
		}
		if len(page) < directory.MaxPage {
			return nil
		}
	}
}

// countKeys counts the keys that will be revoked.
func (x *eraseRun) countKeys(ctx context.Context, whose func(auth.Key) bool) error {
	keys, err := x.keys.List(ctx, x.account.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.RevokedAt == nil && whose(k) {
			x.report.Keys++
		}
	}
	return nil
}
