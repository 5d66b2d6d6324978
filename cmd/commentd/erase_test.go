package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

// stores has do use the stores of a database while they run.
func stores(getenv func(string) string, do func(context.Context, *tools) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return database{PostgresURL: getenv("COMMENTD_POSTGRES_URL")}.with(ctx, env{getenv: getenv}, func(t *tools) error { return do(ctx, t) })
}

// relay has a program write what a customer says.
func (t *tools) relay(ctx context.Context, account domain.AccountID, ticket domain.TicketID, author domain.UserID, body string) (domain.CommentID, error) {
	numbers, err := t.log.Numbers().Draw(ctx, account, 2)
	if err != nil {
		return domain.CommentID{}, err
	}
	id := domain.CommentID(uuid.Must(uuid.NewV7()))
	_, err = t.log.Execute(ctx, domain.CreateComment{
		Account: account, Ticket: ticket, Comment: id, Public: true,
		By:      domain.By{Actor: domain.Actor{Kind: domain.ActorIntegration, ID: domain.UserID{9}}, ActAs: true},
		Author:  domain.Author{Type: domain.AuthorCustomer, ID: author},
		Text:    &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body},
		Numbers: domain.Numbers{Audit: numbers, Subject: numbers + 1},
	}, nil)
	return id, err
}

// scriptSay is the script command "say ACCOUNT TICKET CUSTOMER TEXT...".
func scriptSay(ts *testscript.TestScript, _ bool, args []string) {
	ticket, err := domain.ParseTicketID(args[1])
	ts.Check(err)
	author, err := domain.ParseUserID(args[2])
	ts.Check(err)
	ts.Check(stores(ts.Getenv, func(ctx context.Context, t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, args[0])
		if err != nil {
			return err
		}
		for _, text := range args[3:] {
			if _, err := t.relay(ctx, account.ID, ticket, author, text); err != nil {
				return err
			}
		}
		return nil
	}))
}

// scriptTexts is the script command "texts N": so many are left in the database.
func scriptTexts(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(stores(ts.Getenv, func(ctx context.Context, t *tools) error {
		n, err := number(ctx, t, "SELECT count(*) FROM log.contents")
		if err == nil && n != want {
			err = fmt.Errorf("%d texts are left; want %d", n, want)
		}
		return err
	}))
}

func number(ctx context.Context, t *tools, sql string) (n int, err error) {
	return n, t.pool.QueryRow(ctx, sql).Scan(&n)
}

// TestKilledErasure kills an erasure in the middle. The next one finishes it, and all
// that was there is erased once.
func TestKilledErasure(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	const comments = 2000
	environment := map[string]string{"COMMENTD_POSTGRES_URL": devstacktest.Postgres(t), "COMMENTD_ROOT_KEY": vault.GenerateRootKey()}
	getenv := func(name string) string { return environment[name] }
	do := func(args ...string) string {
		t.Helper()
		out, err := command(t, environment, args...)
		if err != nil {
			t.Fatalf("commentd %s: %v", strings.Join(args, " "), err)
		}
		return out
	}
	do("account", "create", "acme")
	customer := domain.UserID(uuid.New())
	do("user", "create", "--account", "acme", "--id", customer.String(), "--role", "customer", "--name", "Ana")
	ticket, err := domain.ParseTicketID(strings.TrimSpace(do("ticket", "create", "--account", "acme", "--subject", "subject")))
	if err != nil {
		t.Fatal(err)
	}
	err = stores(getenv, func(ctx context.Context, s *tools) error {
		account, err := s.directory.AccountBySlug(ctx, "acme")
		if err != nil {
			return err
		}
		fill(t, comments, func() error { _, err := s.relay(ctx, account.ID, ticket, customer, "text"); return err })

		erasing := startProgram(t, []string{"COMMENTD_POSTGRES_URL=" + getenv("COMMENTD_POSTGRES_URL"), "COMMENTD_ROOT_KEY=" + getenv("COMMENTD_ROOT_KEY")},
			"erase", "account", "acme", "--yes")
		eventually(t, func() error {
			if n, err := number(ctx, s, "SELECT count(*) FROM log.obligations"); err != nil || n < 100 {
				return fmt.Errorf("%d are erased, %v", n, err)
			}
			return nil
		})
		// Whoever has the head has the erasure stand still.
		if err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SELECT FROM log.heads FOR UPDATE"); err != nil {
				return err
			}
			return erasing.cmd.Process.Signal(syscall.SIGKILL)
		}); err != nil {
			return err
		}
		if err := erasing.wait(); err == nil {
			t.Error("the erasure ended before it could be killed")
		}
		left, err := number(ctx, s, "SELECT count(*) FROM log.contents")
		if err != nil || left == 0 || left > comments-90 {
			t.Errorf("%d texts are left after the kill, %v; want some, and some gone", left, err)
		}
		t.Logf("killed with %d of %d texts left", left, comments+1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if people, err := command(t, environment, "user", "list", "--account", "acme"); err == nil {
		t.Errorf("the account is open after the kill: %s", people)
	}

	var r receipt
	if err := json.Unmarshal([]byte(do("erase", "account", "acme", "--yes", "--json")), &r); err != nil {
		t.Fatal(err)
	}
	if !r.Complete || r.Comments+r.Before != comments || r.Before < 90 || r.People != 1 {
		t.Errorf("the receipt of the second erasure is %+v; want the rest of %d comments", r, comments)
	}
	err = stores(getenv, func(ctx context.Context, s *tools) error {
		for what, sql := range map[string]string{
			"texts":                     "SELECT count(*) FROM log.contents",
			"comments that say a thing": "SELECT count(*) FROM log.comments WHERE content_id IS NOT NULL",
			"comments erased twice":     "SELECT count(*) FROM (SELECT FROM log.events WHERE type = 'content.erased' GROUP BY comment_id HAVING count(*) > 1) x",
			"erasures without obligation": `SELECT count(*) FROM log.events e WHERE type = 'content.erased' AND NOT EXISTS
				(SELECT FROM log.obligations o WHERE o.event_id = e.event_id AND cardinality(o.bucket_ids) > 0)`,
			"names": "SELECT count(*) FROM directory.users WHERE sealed IS NOT NULL",
		} {
			if n, err := number(ctx, s, sql); err != nil || n != 0 {
				t.Errorf("%d %s, %v; want none", n, what, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fill calls write n times, many at once.
func fill(t *testing.T, n int, write func() error) {
	t.Helper()
	var writing sync.WaitGroup
	for range 50 {
		writing.Go(func() {
			for range n / 50 {
				if err := write(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
}

// TestWaitForKeys: with --wait an erasure ends when the keys are destroyed, those of
// texts and those of people.
func TestWaitForKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	environment := map[string]string{"COMMENTD_POSTGRES_URL": devstacktest.Postgres(t), "COMMENTD_ROOT_KEY": vault.GenerateRootKey()}
	getenv := func(name string) string { return environment[name] }
	for _, args := range [][]string{
		{"account", "create", "acme"},
		{"user", "create", "--account", "acme", "--role", "customer", "--name", "Ana"},
		{"ticket", "create", "--account", "acme", "--subject", "subject"},
	} {
		if _, err := command(t, environment, args...); err != nil {
			t.Fatal(err)
		}
	}
	type outcome struct {
		out string
		err error
	}
	ended := make(chan outcome, 1)
	go func() {
		out, err := command(t, environment, "erase", "account", "acme", "--yes", "--wait", "--json")
		ended <- outcome{out, err}
	}()
	err := stores(getenv, func(ctx context.Context, s *tools) error {
		for _, table := range []string{"log.obligations", "directory.obligations"} {
			eventually(t, func() error {
				if n, err := number(ctx, s, "SELECT count(*) FROM "+table+" WHERE key_destroyed_at IS NULL"); err != nil || n != 1 {
					return fmt.Errorf("%d obligations in %s, %v", n, table, err)
				}
				return nil
			})
		}
		select {
		case o := <-ended:
			t.Errorf("the erasure has not waited: %s, %v", o.out, o.err)
			ended <- o
		default:
		}
		m := metrics.New(prometheus.NewRegistry())
		worker := erasure.New(s.log, s.pool, s.keyring, shelves(), filestest.New(t, s.log, s.pool, s.vault), m, erasure.Config{})
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			o := <-ended
			ended <- o
			stop()
		}()
		return worker.Run(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	o := <-ended
	var r receipt
	if err := json.Unmarshal([]byte(o.out), &r); o.err != nil || err != nil || r.Obligations != 0 || !r.Complete {
		t.Errorf("erase --wait = %s, %v; want nothing left to wait for", o.out, o.err)
	}
}

// TestConfirm takes one word for a yes.
func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"erase\n": true, "erase": true, "": false, "\n": false, "yes\n": false, "ERASE\n": false, "erase it\n": false} {
		if err := confirm(strings.NewReader(answer), new(strings.Builder)); (err == nil) != want {
			t.Errorf("confirm(%q) = %v; want it to go on: %t", answer, err, want)
		}
	}
}
