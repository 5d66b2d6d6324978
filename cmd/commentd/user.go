package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

type userCommand struct {
	Create userCreate `cmd:"" help:"Introduce a person or a program."`
	List   userList   `cmd:"" help:"List the people of an account."`
}

type userCreate struct {
	database
	output
	Account string `required:"" help:"The account, by slug."`
	ID      string `name:"id" help:"UUID; a new one if not given." placeholder:"UUID"`
	Role    string `required:"" enum:"agent,admin,customer,system" help:"agent, admin, customer or system."`
	Name    string `help:"Name."`
	Email   string `help:"E-mail address."`
}

func (c userCreate) Run(ctx context.Context, e env) error {
	id := domain.UserID(uuid.New())
	if c.ID != "" {
		var err error
		if id, err = domain.ParseUserID(c.ID); err != nil {
			return &usageError{fmt.Errorf("--id is %w", err)}
		}
	}
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		user, _, err := t.directory.PutUser(ctx, account.ID, id, directory.Profile{
			Role: directory.Role(c.Role), Name: c.Name, Email: c.Email, Active: true,
		})
		if err != nil {
			return err
		}
		return c.print(e.stdout, userHeader, []row{userRow(user)})
	})
}

type userList struct {
	database
	output
	Account string `required:"" help:"The account, by slug."`
}

func (c userList) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		var rows []row
		for after := int64(0); ; {
			page, err := t.directory.Users(ctx, directory.UserQuery{Account: account.ID, After: after, Limit: directory.MaxPage})
			if err != nil {
				return err
			}
			for _, u := range page.Users {
				rows = append(rows, userRow(u))
				after = u.Number
			}
			if !page.More {
				return c.print(e.stdout, userHeader, rows)
			}
		}
	})
}

const userHeader = "USER\tNUMBER\tROLE\tACTIVE\tNAME\tE-MAIL"

func userRow(u directory.User) row {
	return row{
		text: fmt.Sprintf("%s\t%d\t%s\t%t\t%s\t%s", u.ID, u.Number, u.Role, u.Active, u.Name, u.Email),
		object: struct {
			ID     domain.UserID `json:"id"`
			Number int64         `json:"number"`
			Role   string        `json:"role"`
			Active bool          `json:"active"`
			Name   string        `json:"name"`
			Email  string        `json:"email"`
		}{u.ID, u.Number, string(u.Role), u.Active, u.Name, u.Email},
	}
}
