package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/threads"
)

type projectionStatus struct {
	projectionDatabase
	output
}

func (c projectionStatus) Run(ctx context.Context, e env) error {
	return c.with(ctx, 2, func(pool *pgxpool.Pool) error {
		s, err := projections.ReadStatus(ctx, pool, threads.Name, 0)
		if err != nil {
			return err
		}
		tickets := newAccountNames(pool).objects(ctx, s.Tickets)
		if err := c.print(e.stdout, statusHeader, []row{statusRow(&s, tickets)}); err != nil || c.JSON {
			return err
		}
		describe(e, &s)
		if len(tickets) == 0 {
			return nil
		}
		var rows []row
		for _, t := range tickets {
			rows = append(rows, row{text: t.Account + "\t" + t.Ticket + "\t" + t.Reason})
		}
		fmt.Fprintln(e.stdout)
		return c.print(e.stdout, "ACCOUNT\tTICKET IN QUARANTINE\tREASON", rows)
	})
}

const statusHeader = "PROJECTION\tVERSION\tPOSITION\tLAG\tEPOCH\tINSTANCES\tLEASED\tHALTED\tQUARANTINED"

// statusObject is a status as programs read it.
type statusObject struct {
	Projection  string         `json:"projection"`
	Version     int32          `json:"version"`
	LiveSince   *time.Time     `json:"live_since,omitempty"`
	Position    int64          `json:"position"`
	Head        int64          `json:"head"`
	Lag         int64          `json:"lag"`
	Epoch       int32          `json:"epoch"`
	Members     int            `json:"instances"`
	Leased      int            `json:"leased_partitions"`
	Halted      int            `json:"halted_partitions"`
	Quarantined int            `json:"quarantined"`
	Quarantine  []ticketObject `json:"quarantine"`
	Kept        *int32         `json:"kept_version,omitempty"`
	Rebuild     *rebuildObject `json:"rebuild,omitempty"`
}

type rebuildObject struct {
	Version  int32     `json:"version"`
	UnderWay bool      `json:"under_way"`
	Step     string    `json:"step"`
	Done     int64     `json:"done"`
	Total    int64     `json:"total,omitempty"`
	Begun    time.Time `json:"begun_at"`
	Seen     time.Time `json:"seen_at"`
}

func statusRow(s *projections.Status, tickets []ticketObject) row {
	object := statusObject{
		Projection: s.Projection, Version: s.Version, LiveSince: s.LiveSince, Position: int64(s.Position), Head: int64(s.Head),
		Lag: int64(s.Lag()), Epoch: s.Epoch, Members: s.Members, Leased: s.Leased, Halted: s.Halted,
		Quarantined: s.Quarantined, Quarantine: tickets,
	}
	if s.Old != nil {
		object.Kept = &s.Old.Version
	}
	if n := s.Next; n != nil {
		object.Rebuild = &rebuildObject{n.Version, n.UnderWay, n.Step, n.Done, n.Total, n.Begun.UTC(), n.Seen.UTC()}
	}
	return row{
		text: fmt.Sprintf("%s\t%d\t%d\t%d\t%d\t%d\t%d of %d\t%d\t%d", s.Projection, s.Version, s.Position, s.Lag(), s.Epoch,
			s.Members, s.Leased, domain.Partitions, s.Halted, s.Quarantined),
		object: object,
	}
}

// describe says what there is beside the version that is read.
func describe(e env, s *projections.Status) {
	if n := s.Next; n != nil {
		state := "was interrupted; rebuild again to go on"
		if n.UnderWay {
			state = "is under way"
		}
		fmt.Fprintf(e.stdout, "\nThe rebuild of version %d, begun at %s, %s: %s, %d", n.Version, n.Begun.UTC().Format(timeFormat), state, n.Step, n.Done)
		if n.Total > 0 {
			fmt.Fprintf(e.stdout, " of %d", n.Total)
		}
		fmt.Fprintln(e.stdout)
	}
	if s.Old != nil {
		fmt.Fprintf(e.stdout, "\nVersion %d is kept; rollback returns to it\n", s.Old.Version)
	}
}

// accountNames finds the slugs of accounts.
type accountNames struct {
	directory *directory.Store
	slugs     map[domain.AccountID]string
}

func newAccountNames(pool *pgxpool.Pool) *accountNames {
	return &accountNames{directory.NewStore(pool, nil, nil), make(map[domain.AccountID]string)}
}

// ticketObject is a ticket about which something is to be said.
type ticketObject struct {
	Account string `json:"account"`
	Ticket  string `json:"ticket"`
	Reason  string `json:"reason,omitempty"`
}

func (n *accountNames) objects(ctx context.Context, tickets []projections.Ticket) []ticketObject {
	objects := make([]ticketObject, len(tickets))
	for i, t := range tickets {
		slug, known := n.slugs[t.Account]
		if !known {
			if account, err := n.directory.Account(ctx, t.Account); err == nil {
				slug = account.Slug
			}
			n.slugs[t.Account] = slug
		}
		objects[i] = ticketObject{slug, t.ID.String(), t.Reason}
	}
	return objects
}
