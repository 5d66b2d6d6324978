package main

import (
	"context"

	"github.com/commentd/commentd/eventstore/relay"
)

// accountPermissions prints what nats-server has to know for nobody to read more than they
// may. It is about all accounts at once, because what commentd exports stands in one place.
type accountPermissions struct {
	database
	Accounts   []string       `arg:"" optional:"" name:"account" help:"Only the outlets of these accounts, by slug."`
	Role       relay.Audience `help:"Only the outlets for this audience: public or all." placeholder:"AUDIENCE"`
	LogReaders []string       `help:"Also users who may read the log stream: the operator's own programs." placeholder:"NAME"`
}

func (c accountPermissions) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		access := relay.Access{LogReaders: c.LogReaders}
		slugs := c.Accounts
		if len(slugs) == 0 {
			accounts, err := t.directory.Accounts(ctx)
			if err != nil {
				return err
			}
			for _, a := range accounts {
				if a.ErasedAt == nil {
					slugs = append(slugs, a.Slug)
				}
			}
		}
		for _, slug := range slugs {
			account, err := t.directory.AccountBySlug(ctx, slug)
			if err != nil {
				return err
			}
			outlets, err := t.outlets().List(ctx, account.ID)
			if err != nil {
				return err
			}
			for _, o := range outlets {
				if o.ClosedAt == nil && len(o.Readers) > 0 && (c.Role == "" || c.Role == o.Audience) {
					access.Outlets = append(access.Outlets, relay.NamedOutlet{Outlet: o, Slug: slug})
				}
			}
		}
		return access.Write(e.stdout)
	})
}
