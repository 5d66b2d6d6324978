package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
)

type keyCommand struct {
	Create keyCreate `cmd:"" help:"Create an API key. It is shown once."`
	List   keyList   `cmd:"" help:"List the API keys of an account."`
	Revoke keyRevoke `cmd:"" help:"Revoke an API key, everywhere within a second."`
}

type keyCreate struct {
	database
	output
	Account string        `required:"" help:"The account, by slug."`
	User    string        `required:"" help:"Whom the key stands for, by UUID." placeholder:"UUID"`
	Kind    string        `required:"" enum:"agent,customer,system,integration" help:"agent, customer, system or integration."`
	Scopes  []string      `required:"" help:"What the key may do: comments:read, comments:write, comments:delete, comments:redact, comments:act_as, tickets:write, audit:read, admin."`
	Label   string        `help:"What to call it."`
	Expires time.Duration `help:"How long it lives, for instance 720h; for ever if not given."`
}

func (c keyCreate) Run(ctx context.Context, e env) error {
	user, err := domain.ParseUserID(c.User)
	if err != nil {
		return &usageError{fmt.Errorf("--user is %w", err)}
	}
	scopes, err := auth.ParseScopes(c.Scopes)
	if err != nil {
		return &usageError{fmt.Errorf("--scopes: %w", err)}
	}
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		n := auth.NewKey{Account: account.ID, UserID: user, Kind: domain.ActorKind(c.Kind), Scopes: scopes, Label: c.Label}
		if c.Expires > 0 {
			at := time.Now().Add(c.Expires)
			n.ExpiresAt = &at
		}
		key, text, err := t.keys.Create(ctx, n)
		if err != nil {
			return err
		}
		shown := keyRow(key)
		shown.text += "\t" + text
		shown.object = struct {
			keyObject
			Key string `json:"key"`
		}{keyObjectOf(key), text}
		return c.print(e.stdout, keyHeader+"\tKEY, SHOWN ONCE", []row{shown})
	})
}

type keyList struct {
	database
	output
	Account string `required:"" help:"The account, by slug."`
}

func (c keyList) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		keys, err := t.keys.List(ctx, account.ID)
		if err != nil {
			return err
		}
		var rows []row
		for _, k := range keys {
			rows = append(rows, keyRow(k))
		}
		return c.print(e.stdout, keyHeader, rows)
	})
}

type keyRevoke struct {
	database
	Account string `required:"" help:"The account, by slug."`
	ID      string `arg:"" help:"The id of the key."`
}

func (c keyRevoke) Run(ctx context.Context, e env) error {
	id, err := uuid.Parse(c.ID)
	if err != nil {
		return &usageError{fmt.Errorf("the key's id is %w", domain.ErrID)}
	}
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		return t.keys.Revoke(ctx, account.ID, id)
	})
}

const keyHeader = "ID\tKIND\tUSER\tENDS IN\tSTATE\tSCOPES\tLABEL"

type keyObject struct {
	ID        uuid.UUID     `json:"id"`
	Kind      string        `json:"kind"`
	User      domain.UserID `json:"user"`
	Hint      string        `json:"hint"`
	State     string        `json:"state"`
	Scopes    []string      `json:"scopes"`
	Label     string        `json:"label"`
	CreatedAt time.Time     `json:"created_at"`
}

func keyObjectOf(k auth.Key) keyObject {
	state := "active"
	switch {
	case k.RevokedAt != nil:
		state = "revoked"
	case k.ExpiresAt != nil && k.ExpiresAt.Before(time.Now()):
		state = "expired"
	}
	return keyObject{k.ID, string(k.Kind), k.UserID, k.Hint, state, k.Scopes.Names(), k.Label, k.CreatedAt.UTC()}
}

func keyRow(k auth.Key) row {
	o := keyObjectOf(k)
	return row{
		text:   fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", o.ID, o.Kind, o.User, o.Hint, o.State, k.Scopes, o.Label),
		object: o,
	}
}
