package main

import (
	"context"
	"fmt"

	"github.com/commentd/commentd/httpapi/directory"
)

type accountCommand struct {
	Create accountCreate `cmd:"" help:"Create an account."`
	List   accountList   `cmd:"" help:"List the accounts."`
	Set    accountSet    `cmd:"" help:"Change the settings of an account."`
}

type accountSettings struct {
	UnknownTickets string `enum:"reject,open" default:"reject" help:"What a comment on an unknown ticket does: reject answers 404, open opens the ticket."`
}

func (s accountSettings) settings() directory.Settings {
	return directory.Settings{UnknownTickets: directory.UnknownTickets(s.UnknownTickets)}
}

type accountCreate struct {
	database
	output
	accountSettings
	Slug string `arg:"" help:"Its name: 1 to 40 of a-z, 0-9 and '-'."`
}

func (c accountCreate) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.CreateAccount(ctx, c.Slug, c.settings())
		if err != nil {
			return err
		}
		return c.print(e.stdout, accountHeader, []row{accountRow(account)})
	})
}

type accountList struct {
	database
	output
}

func (c accountList) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		accounts, err := t.directory.Accounts(ctx)
		if err != nil {
			return err
		}
		var rows []row
		for _, a := range accounts {
			rows = append(rows, accountRow(a))
		}
		return c.print(e.stdout, accountHeader, rows)
	})
}

type accountSet struct {
	database
	output
	accountSettings
	Slug string `arg:"" help:"The account."`
}

func (c accountSet) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Slug)
		if err != nil {
			return err
		}
		if account, err = t.directory.UpdateSettings(ctx, account.ID, c.settings()); err != nil {
			return err
		}
		return c.print(e.stdout, accountHeader, []row{accountRow(account)})
	})
}

const accountHeader = "ACCOUNT\tUNKNOWN TICKETS\tCREATED"

func accountRow(a directory.Account) row {
	created := a.CreatedAt.UTC().Format(timeFormat)
	return row{
		text: fmt.Sprintf("%s\t%s\t%s", a.Slug, a.Settings.UnknownTickets, created),
		object: struct {
			Account        string `json:"account"`
			UnknownTickets string `json:"unknown_tickets"`
			CreatedAt      string `json:"created_at"`
		}{a.Slug, string(a.Settings.UnknownTickets), created},
	}
}

// timeFormat is RFC 3339 in UTC, to the second.
const timeFormat = "2006-01-02T15:04:05Z"
