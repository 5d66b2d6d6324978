package threads_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// A text whose row was read under a key that is destroyed before it is asked for is read
// again, under the key that it has been moved to.
func TestKeysDestroyedBetweenRowAndKey(t *testing.T) {
	l := logtest.New(t)
	w := newWorld(t, l)
	subject, agent := w.text("the subject"), logtest.Agent.Actor
	w.do(domain.PutTicket{Account: w.account, Ticket: w.ticket, By: logtest.Agent, Subject: &subject, Numbers: w.numbers()})
	kept := w.create(agent.Own(), true, "kept")
	q := threads.ListQuery{Account: w.account, Ticket: w.ticket, Viewer: agent, Limit: 10}
	for name, read := range map[string]func(*threads.Reader) (string, error){
		"List": func(r *threads.Reader) (string, error) {
			page, err := r.List(t.Context(), q)
			if err != nil {
				return "", err
			}
			return unquoted(page.Comments[0].BodyJSON), nil
		},
		"Get": func(r *threads.Reader) (string, error) {
			c, err := r.Get(t.Context(), w.account, w.ticket, kept, agent)
			return unquoted(c.BodyJSON), err
		},
		"Stream": func(r *threads.Reader) (text string, err error) {
			err = r.Stream(t.Context(), q, func(threads.Page) error { return nil }, func(comments []threads.Comment) error {
				text = unquoted(comments[0].BodyJSON)
				return nil
			})
			return text, err
		},
		"Ticket": func(r *threads.Reader) (string, error) {
			found, err := r.Ticket(t.Context(), w.account, w.ticket, agent)
			return unquoted(found.SubjectJSON), err
		},
	} {
		// Both are under the key that is about to be destroyed.
		gone := w.create(agent.Own(), true, "gone")
		w.do(domain.EraseComment{Account: w.account, Ticket: w.ticket, Comment: gone, By: logtest.Agent, Cause: domain.CauseErasure})
		l.Exec("SELECT log.retire_buckets((SELECT array_agg(DISTINCT bucket_id) FROM log.contents))")
		gate := devstacktest.NewGate("keyring.buckets")
		config := l.Pool.Config()
		config.ConnConfig.Tracer = gate
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		type result struct {
			text string
			err  error
		}
		done := make(chan result, 1)
		go func() {
			text, err := read(threads.NewReader(pool, l.NewVaultOn(pool), 0))
			done <- result{text, err}
		}()
		gate.Await(t)
		rekey(t, l)
		gate.Open()
		want := "kept"
		if name == "Ticket" {
			want = "the subject"
		}
		if got := <-done; got.err != nil || got.text != want {
			t.Errorf("%s = %q, %v; want %q", name, got.text, got.err, want)
		}
		pool.Close()
	}
}

// rekey has the retired keys destroyed.
func rekey(t *testing.T, l *logtest.Log) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	worker := erasure.New(l.Store, l.Pool, l.NewKeyring(), []erasure.Shelf{erasure.Contents(0)}, filestest.New(t, l.Store, l.Pool, l.Vault), l.Metrics, erasure.Config{})
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	logtest.Eventually(t, "keys are destroyed", func() bool {
		var owed bool
		err := l.Pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM log.retired_buckets WHERE destroyed_at IS NULL)").Scan(&owed)
		return err == nil && !owed
	})
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}
