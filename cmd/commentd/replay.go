package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/projections/threads"
)

type ticketReplay struct {
	oneTicket
	At   string `help:"Only this moment: a time (RFC 3339) or version: and a number. With --step: up to there." placeholder:"MOMENT"`
	As   string `help:"What the requester of each moment was shown: customer." placeholder:"customer"`
	Step bool   `help:"At a terminal, wait for Enter before each event; q ends."`
}

// errQuit ends a replay of which no more is wanted.
var errQuit = errors.New("no more is wanted")

func (c ticketReplay) Run(ctx context.Context, e env) error {
	moment := threads.Moment{Version: 1<<31 - 1}
	if c.At != "" {
		var ok bool
		if moment, ok = v1.ParseMoment(c.At); !ok {
			return &usageError{errors.New("--at must be a time as in RFC 3339, or version: and a number from 1 on")}
		}
	}
	if c.As != "" && c.As != "customer" {
		return &usageError{errors.New("--as must be customer")}
	}
	return c.read(ctx, e, func(r *threads.Reader, q threads.HistoryQuery) error {
		p := &replay{reader: r, out: e.stdout, query: threads.PastQuery{
			ListQuery: threads.ListQuery{Account: q.Account, Ticket: q.Ticket, Viewer: q.Viewer}, At: moment, Audit: true, AsCustomer: c.As != "",
		}}
		if c.At != "" && !c.Step {
			return p.show(ctx)
		}
		if c.Step && interactive(e.stdin) && interactive(e.stdout) {
			p.keys = keys(ctx, e.stdin)
		}
		if err := p.run(ctx, q, moment); !errors.Is(err, errQuit) {
			return err
		}
		return nil
	})
}

// replay shows a thread as it grew.
type replay struct {
	reader *threads.Reader
	out    io.Writer
	query  threads.PastQuery
	keys   <-chan string // lines that somebody types; nil: nobody is there
	total  int
}

// run shows the thread after each event up to the moment. Events that the requester was
// not to know of are passed over if the thread is shown as to them.
func (p *replay) run(ctx context.Context, q threads.HistoryQuery, end threads.Moment) error {
	return p.reader.History(ctx, q, func(total int) error { p.total = total; return nil }, func(entries []threads.Entry) error {
		for i := range entries {
			e := &entries[i]
			switch {
			case end.Precedes(&e.Recorded, e.Fact): // what was taken over later may have happened before
				continue
			case p.query.AsCustomer && e.Internal:
				continue
			}
			if err := p.frame(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// frame shows the thread after one event.
func (p *replay) frame(ctx context.Context, e *threads.Entry) error {
	event, err := v1.EventOf(e)
	if err != nil {
		return err
	}
	if p.keys != nil {
		fmt.Fprint(p.out, "\033[H\033[2J") // an empty screen
	}
	at := e.RecordedAt
	if e.Fact != nil {
		at = e.Fact.Metadata().At
	}
	fmt.Fprintf(p.out, "=== %d of %d  %s  %s  %s\n", e.Version, p.total, at.UTC().Format(momentFormat), actorOf(&event), event.Type)
	p.query.At = threads.Moment{Version: e.Version}
	if err := p.show(ctx); err != nil {
		return err
	}
	return p.wait(ctx)
}

// show prints the thread at the moment of the query.
func (p *replay) show(ctx context.Context) error {
	begin := func(page threads.Page) error {
		_, err := fmt.Fprintf(p.out, "%d comments\n\n", page.Total)
		return err
	}
	return p.reader.StreamPast(ctx, p.query, begin, func(comments []threads.Comment) error {
		for i := range comments {
			if err := printComment(p.out, &comments[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func printComment(w io.Writer, c *threads.Comment) error {
	kind, edited := "", ""
	if !c.Public {
		kind = ", internal note"
	}
	if !c.UpdatedAt.Equal(c.CreatedAt) {
		edited = ", changed " + c.UpdatedAt.Format(timeFormat)
	}
	text := "▇▇▇▇"
	if !c.Destroyed {
		if err := json.Unmarshal(c.BodyJSON, &text); err != nil {
			return err
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s  %s%s  (%s%s)\n", c.Author.Type, brief(uuid.UUID(c.Author.ID)), c.CreatedAt.Format(timeFormat), edited, brief(uuid.UUID(c.ID)), kind)
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("    " + printable(line) + "\n")
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// wait lets whoever is there look, until they want to see more.
func (p *replay) wait(ctx context.Context) error {
	if p.keys == nil {
		return nil
	}
	fmt.Fprint(p.out, "Enter: next, q: end ")
	select {
	case key, ok := <-p.keys:
		if !ok || strings.EqualFold(strings.TrimSpace(key), "q") {
			return errQuit
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keys gives the lines that somebody types, until ctx or the input ends. A read from a
// terminal cannot be given up: the last one ends with the process.
func keys(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
