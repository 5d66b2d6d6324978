package eventstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

// TestKeysDestroyedBetweenRowAndKey: commands that are decided on what a text says find
// it under another key if the one that its row named is destroyed meanwhile. Taken for
// gone, the text would be overwritten by nothing.
func TestKeysDestroyedBetweenRowAndKey(t *testing.T) {
	url := devstacktest.Postgres(t)
	i := start(t, url)
	ticket := i.open(t)
	subject := text("the subject")
	i.do(t, domain.PutTicket{Account: account, Ticket: ticket, By: domain.By{Actor: agent}, Subject: &subject, Numbers: i.numbers(t)})
	first := i.create(t, ticket, "a secret and more")
	i.do(t, first)
	again, sameSubject := text("a secret and more"), text("the subject")
	for _, tt := range []struct {
		name    string
		cmd     domain.Command
		changes bool
	}{
		{"edit to the same", domain.UpdateComment{Account: account, Ticket: ticket, Comment: first.Comment, By: first.By, Text: again, Audit: 9}, false},
		{"subject as it is", domain.PutTicket{Account: account, Ticket: ticket, By: first.By, Subject: &sameSubject, Numbers: i.numbers(t)}, false},
		{"redact", domain.RedactComment{Account: account, Ticket: ticket, Comment: first.Comment, By: domain.By{Actor: agent, Admin: true}, Hide: domain.Redaction{Text: "secret"}, Audit: 9}, true},
	} {
		if _, err := i.pool.Exec(t.Context(), "SELECT log.retire_buckets((SELECT array_agg(DISTINCT bucket_id) FROM log.contents))"); err != nil {
			t.Fatal(err)
		}
		gate := devstacktest.NewGate("FROM keyring.buckets")
		late := startGated(t, url, gate)
		type outcome struct {
			result eventstore.Result
			err    error
		}
		done := make(chan outcome, 1)
		go func() {
			result, err := late.Execute(context.Background(), tt.cmd, nil)
			done <- outcome{result, err}
		}()
		gate.Await(t)
		rekey(t, i)
		gate.Open()
		if got := <-done; got.err != nil || got.result.Changed != tt.changes {
			t.Errorf("%s: Execute = %+v, %v; want Changed = %t", tt.name, got.result, got.err, tt.changes)
		}
	}
	var content uuid.UUID
	var bucket int64
	var sealed []byte
	if err := i.pool.QueryRow(t.Context(), `SELECT x.content_id, x.bucket_id, x.sealed FROM log.comments c
		JOIN log.contents x ON x.content_id = c.content_id WHERE c.comment_id = $1`, uuid.UUID(first.Comment)).Scan(&content, &bucket, &sealed); err != nil {
		t.Fatal(err)
	}
	document, err := i.vault.Open(t.Context(), vault.OfComment(account, ticket, first.Comment, domain.ContentID(content)), bucket, sealed)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := vault.DecodeDocument(document); err != nil || d.Body != "a ▇▇▇▇ and more" {
		t.Errorf("after the redaction the comment says %q, %v", d.Body, err)
	}
}

func (i *instance) do(t *testing.T, cmd domain.Command) {
	t.Helper()
	if result, err := i.Execute(t.Context(), cmd, nil); err != nil || !result.Changed {
		t.Fatalf("Execute(%T) = %+v, %v; want a change", cmd, result, err)
	}
}

// startGated is start with a gate in front of the database.
func startGated(t *testing.T, url string, gate *devstacktest.Gate) *eventstore.Store {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = gate
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s := eventstore.New(pool, vault.New(vault.NewKeyring(pool, rootKey)), metrics.New(prometheus.NewRegistry()), eventstore.Config{})
	stop := running(t, s.Run)
	t.Cleanup(func() { stop(); pool.Close() })
	return s
}

// running runs something until stop is called.
func running(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// rekey has the retired keys destroyed.
func rekey(t *testing.T, i *instance) {
	t.Helper()
	worker := erasure.New(i.Store, i.pool, vault.NewKeyring(i.pool, rootKey), []erasure.Shelf{erasure.Contents(0)}, filestest.New(t, i.Store, i.pool, i.vault),
		metrics.New(prometheus.NewRegistry()), erasure.Config{})
	stop := running(t, worker.Run)
	defer stop()
	err := errors.New("no look yet")
	for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var owed bool
		err = i.pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM log.retired_buckets WHERE destroyed_at IS NULL)").Scan(&owed)
		if owed {
			err = errors.New("keys are not destroyed")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
