package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// newRebuilder is one as another process would have it.
func newRebuilder(l *logtest.Log, config projections.RebuildConfig) *projections.Rebuilder {
	pool := l.Connect()
	log := eventstore.New(pool, nil, l.Metrics, eventstore.Config{})
	return projections.NewRebuilder(pool, threads.Projection{}, log, l.Metrics, config)
}

// rebuilt rebuilds the read model, which must succeed.
func rebuilt(t *testing.T, l *logtest.Log, config projections.RebuildConfig) projections.Report {
	t.Helper()
	report, err := newRebuilder(l, config).Rebuild(t.Context())
	if err != nil || !report.Switched {
		t.Fatalf("Rebuild = %+v, %v; want the new version to be read", report, err)
	}
	return report
}

// events lets about n things happen to a new ticket, of all kinds that change rows.
func events(tb testing.TB, l *logtest.Log, n int) {
	tb.Helper()
	type living struct {
		id     domain.CommentID
		public bool
	}
	account := domain.AccountID(1 + rand.IntN(2))
	ticket := l.Open(account, nil)
	comments := []living{{l.Comment(account, ticket, true, "the first"), true}}
	for range n {
		i := rand.IntN(len(comments))
		c := &comments[i]
		update := domain.UpdateComment{Account: account, Ticket: ticket, Comment: c.id, By: logtest.Agent, Audit: 1}
		switch rand.IntN(8) {
		case 0:
			update.Text = logtest.NewText("a secret " + uuid.NewString())
			l.Do(update)
		case 1, 2:
			c.public = !c.public
			update.Public = &c.public
			l.Do(update)
		case 3:
			l.Do(domain.RedactComment{Account: account, Ticket: ticket, Comment: c.id, By: logtest.Agent, Audit: 1, Hide: domain.Redaction{All: true}})
			comments = slices.Delete(comments, i, i+1) // nothing is left to redact
		case 4:
			l.Do(domain.DeleteComment{Account: account, Ticket: ticket, Comment: c.id, By: logtest.Agent, Audit: 1})
			comments = slices.Delete(comments, i, i+1)
		case 5:
			l.Do(domain.EraseComment{Account: account, Ticket: ticket, Comment: c.id, By: logtest.Agent, Audit: 1, Cause: domain.CauseErasure})
			comments = slices.Delete(comments, i, i+1)
		case 6:
			l.Do(domain.WriteTicket{
				Account: account, Ticket: ticket, By: logtest.Agent, Comment: domain.CommentID(logtest.NewID()), Numbers: l.Numbers(account),
				Say:    &domain.NewComment{Author: logtest.Agent.Actor.Own(), Text: logtest.NewText("said elsewhere")},
				Origin: &domain.Origin{Audit: int64(n), At: time.Date(2014, 2, 3, 4, 5, rand.IntN(60), rand.IntN(1e9), time.UTC)},
			})
		}
		public := rand.IntN(2) == 0
		comments = append(comments, living{l.Comment(account, ticket, public, "something"), public})
	}
}

// writing lets things happen until the test calls what is returned.
func writing(t *testing.T, l *logtest.Log) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			events(t, l, 10)
		}
	})
	return func() { cancel(); done.Wait() }
}

func readStatus(t *testing.T, l *logtest.Log) projections.Status {
	t.Helper()
	status, err := projections.ReadStatus(t.Context(), l.Pool, threads.Name, 0)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// schemas are those of the read model's versions.
func schemas(t *testing.T, l *logtest.Log) string {
	t.Helper()
	var names []string
	err := l.Pool.QueryRow(t.Context(), "SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'threads%'").Scan(&names)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(names)
}

func TestARebuildGivesTheSameRows(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config projections.RebuildConfig
	}{
		{"one worker", projections.RebuildConfig{Workers: 1}},
		{"three workers", projections.RebuildConfig{Workers: 3}},
		{"memory for some of the tickets only", projections.RebuildConfig{Workers: 2, Memory: 40 << 10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := logtest.New(t)
			noLeaks(t)
			p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
			p.start()
			for range 20 {
				events(t, l, 15)
			}
			await(t, l)
			report := rebuilt(t, l, tt.config)
			if report.Version != 2 || report.Tickets != 20 || report.Differ != 0 || report.Behind != 0 || report.Resumed {
				t.Errorf("Rebuild = %+v; want version 2, and 20 tickets that do not differ", report)
			}
			logtest.CheckRows(t, l.Pool)
			events(t, l, 15)
			await(t, l) // the projector goes on with the new rows
			logtest.CheckRows(t, l.Pool)
			if got := schemas(t, l); got != "[threads threads_old]" {
				t.Errorf("schemas = %s; want that in use and the one before", got)
			}
		})
	}
}

func TestARebuildUnderWritesGivesTheSameRows(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	for range 10 {
		events(t, l, 30)
	}
	stop := writing(t, l)
	for version := int32(2); version < 5; version++ {
		if report := rebuilt(t, l, projections.RebuildConfig{Workers: 2}); report.Version != version || report.Differ+report.Sick != 0 {
			t.Errorf("Rebuild = %+v; want version %d without a difference", report, version)
		}
	}
	stop()
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}

// Nobody has ever projected anything: there is nothing to compare, and a projector goes
// on from where the rebuild ended.
func TestARebuildIsTheFastWayToBegin(t *testing.T) {
	l := logtest.New(t)
	for range 5 {
		events(t, l, 15)
	}
	report := rebuilt(t, l, projections.RebuildConfig{DropOld: true})
	if report.Behind != 5 || report.Differ != 0 {
		t.Errorf("Rebuild = %+v; want 5 tickets that could not be compared", report)
	}
	logtest.CheckRows(t, l.Pool)
	if got := schemas(t, l); got != "[threads]" {
		t.Errorf("schemas after a rebuild that keeps nothing = %s", got)
	}
	events(t, l, 15)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	await(t, l)
	logtest.CheckRows(t, l.Pool)
	if report := rebuilt(t, l, projections.RebuildConfig{}); report.Behind != 0 {
		t.Errorf("Rebuild = %+v; want all tickets compared", report)
	}
}

func TestTwoRebuildsAtOnceAreRefused(t *testing.T) {
	l := logtest.New(t)
	events(t, l, 10)
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	first := make(chan error, 1)
	go func() {
		_, err := newRebuilder(l, projections.RebuildConfig{Progress: func(projections.Progress) {
			once.Do(func() { close(begun); <-goOn })
		}}).Rebuild(context.Background())
		first <- err
	}()
	<-begun
	for name, do := range map[string]func(context.Context) (projections.Report, error){
		"Rebuild":  newRebuilder(l, projections.RebuildConfig{}).Rebuild,
		"Rollback": newRebuilder(l, projections.RebuildConfig{}).Rollback,
	} {
		if report, err := do(t.Context()); !errors.Is(err, projections.ErrRebuilding) {
			t.Errorf("%s beside a rebuild = %+v, %v; want %v", name, report, err, projections.ErrRebuilding)
		}
	}
	if status := readStatus(t, l); status.Next == nil || !status.Next.UnderWay || status.Next.Version != 2 {
		t.Errorf("status during a rebuild = %+v; want version 2 under way", status.Next)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Errorf("the first rebuild: %v", err)
	}
	logtest.CheckRows(t, l.Pool)
}

func TestRollbackReturnsToTheVersionBefore(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	for range 5 {
		events(t, l, 10)
	}
	if report, err := newRebuilder(l, projections.RebuildConfig{}).Rollback(t.Context()); !errors.Is(err, projections.ErrNoOldVersion) {
		t.Errorf("Rollback before any rebuild = %+v, %v; want %v", report, err, projections.ErrNoOldVersion)
	}
	rebuilt(t, l, projections.RebuildConfig{})
	stop := writing(t, l)
	for _, version := range []int32{1, 2, 1} {
		report, err := newRebuilder(l, projections.RebuildConfig{}).Rollback(t.Context())
		if err != nil || !report.Switched || report.Version != version {
			t.Fatalf("Rollback = %+v, %v; want version %d to be read", report, err, version)
		}
		if status := readStatus(t, l); status.Version != version || status.Old == nil || status.Old.Version != 3-version {
			t.Errorf("status after it = %+v; want version %d in use, the other kept", status, version)
		}
	}
	stop()
	await(t, l)
	logtest.CheckRows(t, l.Pool)
	if report := rebuilt(t, l, projections.RebuildConfig{}); report.Version != 3 || report.Differ != 0 {
		t.Errorf("Rebuild after it = %+v; want version 3 without a difference", report)
	}
}
