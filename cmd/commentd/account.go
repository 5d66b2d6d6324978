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
	Outlet outletCommand `cmd:"" help:"Streams in NATS for an account's own programs."`

	Permissions accountPermissions `cmd:"" name:"nats-permissions" help:"Print accounts and users for nats-server: who may read which outlet, and nothing else."`
}

// accountSettings are those that were given. What was not stays as it is.
type accountSettings struct {
	UnknownTickets       string `enum:"reject,open," default:"" help:"What a comment on an unknown ticket does: reject answers 404, open opens the ticket. Reject if never set."`
	Mask                 string `enum:"fixed,per_char," default:"" help:"What stands in the place of what is redacted: fixed is four blocks, per_char one for each character, which tells the length. Fixed if never set."`
	DeletedRetentionDays *int   `help:"For how many days the texts of deleted comments are kept; 0: they are erased at once. 30 if never set." placeholder:"DAYS"`
	ContentRetentionDays *int   `help:"For how many days any text is kept, from when it came here; 0: for ever. 0 if never set." placeholder:"DAYS"`
	MaxAttachment        *int   `help:"How large a file may be, in MiB; 0: 50, as if never set." placeholder:"MIB"`
	AgentWorkspace       string `enum:"true,false," default:"" help:"Whether agents can redact by marking HTML, on the Zendesk-compatible API. True if never set."`
	AgentsCanDelete      string `name:"agents-can-delete-tickets" enum:"true,false," default:"" help:"Whether agents can redact at all, on the Zendesk-compatible API. True if never set."`
}

// change returns settings with what was given in the place of what was there.
func (s accountSettings) change(settings directory.Settings) (directory.Settings, error) {
	if s.UnknownTickets != "" {
		settings.UnknownTickets = directory.UnknownTickets(s.UnknownTickets)
	}
	if s.DeletedRetentionDays != nil {
		settings.DeletedRetentionDays = s.DeletedRetentionDays
	}
	if s.ContentRetentionDays != nil {
		settings.ContentRetentionDays = *s.ContentRetentionDays
	}
	if s.MaxAttachment != nil {
		settings.MaxAttachmentMB = *s.MaxAttachment
	}
	setIfGiven(&settings.AgentWorkspace, s.AgentWorkspace)
	setIfGiven(&settings.AgentsCanDeleteTickets, s.AgentsCanDelete)
	if s.Mask != "" {
		return settings, settings.Mask.UnmarshalText([]byte(s.Mask))
	}
	return settings, nil
}

func setIfGiven(setting **bool, value string) {
	if value != "" {
		yes := value == "true"
		*setting = &yes
	}
}

type accountCreate struct {
	database
	output
	accountSettings
	Slug string `arg:"" help:"Its name: 1 to 40 of a-z, 0-9 and '-'."`
}

func (c accountCreate) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		settings, err := c.change(directory.Settings{})
		if err != nil {
			return err
		}
		account, err := t.directory.CreateAccount(ctx, c.Slug, settings)
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
		settings, err := c.change(account.Settings)
		if err != nil {
			return err
		}
		if account, err = t.directory.UpdateSettings(ctx, account.ID, settings); err != nil {
			return err
		}
		return c.print(e.stdout, accountHeader, []row{accountRow(account)})
	})
}

const accountHeader = "ACCOUNT\tUNKNOWN TICKETS\tMASK\tDELETED KEPT\tTEXTS KEPT\tCREATED\tERASED"

func accountRow(a directory.Account) row {
	created, erased := a.CreatedAt.UTC().Format(timeFormat), ""
	if a.ErasedAt != nil {
		erased = a.ErasedAt.UTC().Format(timeFormat)
	}
	policy := a.Retention()
	deleted, texts := fmt.Sprint(policy.Deleted, " days"), "for ever"
	if policy.Contents > 0 {
		texts = fmt.Sprint(policy.Contents, " days")
	}
	return row{
		text: fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", a.Slug, a.Settings.UnknownTickets, a.Settings.Mask, deleted, texts, created, erased),
		object: struct {
			Account        string `json:"account"`
			UnknownTickets string `json:"unknown_tickets"`
			Mask           string `json:"mask"`
			DeletedDays    int    `json:"deleted_retention_days"`
			ContentDays    int    `json:"content_retention_days"`
			Workspace      bool   `json:"agent_workspace"`
			AgentsDelete   bool   `json:"agents_can_delete_tickets"`
			MaxAttachment  int64  `json:"max_attachment_mb"`
			CreatedAt      string `json:"created_at"`
			ErasedAt       string `json:"erased_at,omitempty"`
		}{a.Slug, string(a.Settings.UnknownTickets), a.Settings.Mask.String(), policy.Deleted, policy.Contents,
			a.Settings.HasAgentWorkspace(), a.Settings.AgentsMayDelete(), a.Settings.MaxAttachment() >> 20, created, erased},
	}
}

// timeFormat is RFC 3339 in UTC, to the second.
const timeFormat = "2006-01-02T15:04:05Z"
