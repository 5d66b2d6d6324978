package projections_test

import (
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

func TestEventsBecomeRows(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Pool, logFeed{l.Store}, threads.Projection{})
	p.start()
	ticket := l.Open(1, nil)
	comment := l.Comment(1, ticket, true, "hello")
	l.Do(domain.UpdateComment{
		Account: 1, Ticket: ticket, Comment: comment, By: logtest.Agent, Text: logtest.NewText("good day"), Audit: 7,
	})
	l.Comment(1, ticket, false, "a note")
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}

// A checkpoint set back by hand makes events come again. They change nothing.
func TestEventsThatComeAgainChangeNothing(t *testing.T) {
	l := logtest.New(t)
	script(t, l, 40)
	p := newInstance(t, l, l.Pool, logFeed{l.Store}, threads.Projection{})
	p.start()
	await(t, l)
	p.stop()
	l.Exec("UPDATE projections.checkpoints SET position = 0, read_to = 0")
	script(t, l, 40)
	p = newInstance(t, l, l.Pool, logFeed{l.Store}, threads.Projection{})
	p.start()
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}

// Nothing to do: the leases are renewed, and that is all.
func TestAnIdleProjectorOnlyRenewsItsLeases(t *testing.T) {
	l := logtest.New(t)
	script(t, l, 5)
	pool, asked := l.ConnectTraced()
	p := newInstance(t, l, pool, silentFeed{}, threads.Projection{})
	p.start()
	await(t, l)
	asked.Take()
	var statements []string
	logtest.Eventually(t, "five rounds", func() bool {
		statements = append(statements, asked.Take()...)
		return len(statements) >= 5
	})
	for _, sql := range statements {
		if sql != statements[0] {
			t.Errorf("an idle projector asks %d things in 5 rounds; one of them:\n%s", len(statements), sql)
		}
	}
}
