package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/httpapi/directory"
)

type outletCommand struct {
	On     outletOn     `cmd:"" help:"Have a stream filled with what happens in an account, by the role relay."`
	Off    outletOff    `cmd:"" help:"Have the stream deleted, and its readers expelled."`
	Status outletStatus `cmd:"" help:"List the outlets of an account."`
	Admit  outletAdmit  `cmd:"" help:"Give an outlet a reader: a consumer of this name, for the user of this name that nats-permissions prints."`
	Expel  outletExpel  `cmd:"" help:"Take a reader's consumer away."`
}

// oneOutlet is what the commands about a single outlet have in common.
type oneOutlet struct {
	database
	Account  string         `arg:"" help:"The account, by slug."`
	Audience relay.Audience `arg:"" help:"public: nothing is told of internal notes; or all."`
}

// run has do change the outlet.
func (c oneOutlet) run(ctx context.Context, e env, do func(*tools, directory.Account) error) error {
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		if err := do(t, account); err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.stdout, relay.OutletStream(c.Account, c.Audience))
		return err
	})
}

type outletOn struct {
	oneOutlet
	From string `enum:"beginning,now" default:"now" help:"Where it begins: beginning or now."`
}

func (c outletOn) Run(ctx context.Context, e env) error {
	return c.run(ctx, e, func(t *tools, account directory.Account) error {
		var start eventstore.Position
		if c.From == "now" {
			head, err := t.log.Head(ctx)
			if err != nil {
				return err
			}
			start = head.Position
		}
		return t.outlets().Open(ctx, account.ID, c.Audience, start)
	})
}

type outletOff struct{ oneOutlet }

func (c outletOff) Run(ctx context.Context, e env) error {
	return c.run(ctx, e, func(t *tools, account directory.Account) error {
		return t.outlets().Close(ctx, account.ID, c.Audience)
	})
}

type outletAdmit struct {
	oneOutlet
	Name string `arg:"" help:"The reader: 1 to 40 of a-z, 0-9, - and _."`
}

func (c outletAdmit) Run(ctx context.Context, e env) error {
	return c.run(ctx, e, func(t *tools, account directory.Account) error {
		return t.outlets().AddReader(ctx, account.ID, c.Audience, c.Name)
	})
}

type outletExpel struct {
	oneOutlet
	Name string `arg:"" help:"The reader."`
}

func (c outletExpel) Run(ctx context.Context, e env) error {
	return c.run(ctx, e, func(t *tools, account directory.Account) error {
		return t.outlets().RemoveReader(ctx, account.ID, c.Audience, c.Name)
	})
}

type outletStatus struct {
	database
	output
	Account string `arg:"" help:"The account, by slug."`
}

func (c outletStatus) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.ErasedOrNot(ctx, c.Account)
		if err != nil {
			return err
		}
		outlets, err := t.outlets().List(ctx, account.ID)
		if err != nil {
			return err
		}
		var rows []row
		for _, o := range outlets {
			rows = append(rows, outletRow(c.Account, o))
		}
		return c.print(e.stdout, outletHeader, rows)
	})
}

const outletHeader = "STREAM\tSTATE\tAFTER POSITION\tSINCE\tREADERS"

func outletRow(slug string, o relay.Outlet) row {
	stream, state, since := relay.OutletStream(slug, o.Audience), "on", o.OpenedAt.UTC().Format(timeFormat)
	if o.ClosedAt != nil {
		state = "closing"
	}
	return row{
		text: fmt.Sprintf("%s\t%s\t%d\t%s\t%s", stream, state, o.Start, since, strings.Join(o.Readers, ", ")),
		object: struct {
			Stream   string   `json:"stream"`
			Audience string   `json:"audience"`
			State    string   `json:"state"`
			Start    int64    `json:"after_position"`
			Since    string   `json:"since"`
			Readers  []string `json:"readers"`
		}{stream, string(o.Audience), state, int64(o.Start), since, o.Readers},
	}
}
