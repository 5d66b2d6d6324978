package audit

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// history writes a bit of everything that can happen, seals it in several steps and
// returns the world.
func history(t *testing.T, steps int) *world {
	t.Helper()
	w := newWorld(t)
	admin := domain.By{Actor: agent, Admin: true}
	for step := range steps {
		ticket := w.open("subject")
		first := w.say(ticket, "first")
		edit := domain.UpdateComment{Account: account, Ticket: ticket, Comment: first, By: admin, Text: text("second"), Public: new(bool), Audit: w.numbers().Audit}
		w.must(edit)
		w.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: first, By: admin, Audit: w.numbers().Audit, Hide: domain.Redaction{Text: "first"}})
		second := w.say(ticket, "to be erased")
		w.must(domain.UpdateComment{Account: account, Ticket: ticket, Comment: second, By: admin, Text: text("too"), Audit: w.numbers().Audit})
		w.must(domain.DeleteComment{Account: account, Ticket: ticket, Comment: second, By: admin, Audit: w.numbers().Audit})
		w.seal()
		w.must(domain.EraseComment{Account: account, Ticket: ticket, Comment: second, By: admin, Audit: w.numbers().Audit, Cause: domain.CauseDeletion})
		subject := text("another subject")
		w.must(domain.PutTicket{Account: account, Ticket: ticket, By: admin, Subject: &subject, Numbers: w.numbers()})
		if step == 0 {
			w.fulfil()
			w.must(domain.EraseSubject{Account: account, Ticket: ticket, By: admin, Audit: w.numbers().Audit, Cause: domain.CauseErasure})
		}
		opens := domain.CreateComment{
			Account: account + 1, Ticket: domain.TicketID(uuid.New()), Comment: domain.CommentID(uuid.Must(uuid.NewV7())),
			By: domain.By{Actor: agent}, Author: agent.Own(), Text: text("opens"), Numbers: w.numbers(), OpensTicket: w.numbers().Subject,
		}
		w.must(opens)
		w.chat(ticket, step == 0)
		w.seal()
	}
	return w
}

func (w *world) verifier() *Verifier {
	return &Verifier{Pool: w.pool, Vault: w.vault, Key: w.key}
}

func (w *world) verify(witnessed ...[]byte) *Report {
	w.t.Helper()
	v := w.verifier()
	v.Witnessed = witnessed
	r, err := v.Verify(w.t.Context())
	if err != nil {
		w.t.Fatalf("Verify: %v", err)
	}
	return r
}

// clean fails the test if there is anything to find.
func (w *world) clean(witnessed ...[]byte) *Report {
	w.t.Helper()
	r := w.verify(witnessed...)
	if !r.OK() {
		w.t.Fatalf("Verify found, where there is nothing:\n%s", r.all())
	}
	return r
}

func (r *Report) all() string {
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// named reports whether a finding is about a row.
func (r *Report) named(row string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return strings.Contains(f.String(), row) })
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	w.clean() // nothing at all
	w = history(t, 2)
	r := w.clean()
	if r.Position != 43 || r.Sealed != 43 || r.Heads != 4 || r.Tickets != 4 || r.Comments != 6 || r.Contents != 10 {
		t.Errorf("report = %+v", r)
	}
	w.grow(700) // the tail is not sealed
	if r := w.clean(); r.Position != 700 || r.Sealed != 43 {
		t.Errorf("report = %+v", r)
	}
	w.seal()
	w.grow(1300)
	w.seal()
	seen := map[string]int64{}
	v := w.verifier()
	v.Progress = func(stage string, done, total int64) {
		if total != 1300 || done < seen[stage] {
			t.Errorf("progress of %s: %d of %d", stage, done, total)
		}
		seen[stage] = done
	}
	if r, err := v.Verify(t.Context()); err != nil || !r.OK() || r.Sealed != 1300 {
		t.Errorf("report = %+v, %v", r, err)
	}
	for _, stage := range Stages {
		if seen[stage] != 1300 {
			t.Errorf("%s ended at %d", stage, seen[stage])
		}
	}
}

// TestVerifyAfterLosses: what an operator has accepted is told, and no mismatch; the
// heads of before are still held to what is left of their log.
func TestVerifyAfterLosses(t *testing.T) {
	w := newWorld(t)
	w.grow(270)
	w.seal()
	w.grow(300)
	w.seal()
	var witnessed [][]byte
	for _, h := range w.heads(1) {
		witnessed = append(witnessed, w.key.Note(&h))
	}
	lose := func(last int) {
		t.Helper()
		// What Postgres does when it is restored: all tables are as they were.
		w.exec("DELETE FROM log.contents c USING log.events e WHERE e.position > $1 AND convert_from(e.data, 'UTF8')::jsonb->'content'->>'id' = c.content_id::text", last)
		w.exec("DELETE FROM log.comments c USING log.events e WHERE e.position > $1 AND e.comment_id = c.comment_id", last)
		w.exec("DELETE FROM log.events WHERE position > $1", last)
		w.exec(`UPDATE log.tickets t SET version = e.version, public_version = e.version,
			comments = (SELECT count(*) FROM log.comments c WHERE c.ticket_id = t.ticket_id) FROM (
			SELECT ticket_id, max(version) AS version FROM log.events GROUP BY ticket_id) e WHERE e.ticket_id = t.ticket_id`)
		w.exec("DELETE FROM log.tickets t WHERE NOT EXISTS (SELECT FROM log.events e WHERE e.ticket_id = t.ticket_id)")
		w.exec("UPDATE log.heads SET position = $1, epoch = epoch + 1, recorded_at = (SELECT recorded_at FROM log.events WHERE position = $1)", last)
		log := w.log()
		partitions := make([]int64, domain.Partitions)
		for _, e := range log {
			partitions[e.Partition()] = int64(e.Position)
		}
		w.exec("UPDATE log.heads SET partition_positions = $1", partitions)
		w.Store = eventstore.New(w.pool, w.vault, w.m, eventstore.Config{}) // which remembers nothing
	}
	lose(290)
	if r := w.verify(witnessed...); !r.named("positions 291 to 300") || !r.named("epoch") {
		t.Errorf("Verify of a log without its tail found:\n%s", r.all())
	}
	for range 2 {
		if _, err := AcceptLoss(t.Context(), w.Store, w.pool, w.key, 0); err != nil {
			t.Fatal(err)
		}
		w.seal()
		r := w.clean(witnessed...)
		last := r.Accepted[len(r.Accepted)-1]
		if last.Kept != int64(r.Position) || last.Generation != r.Generation || len(r.Accepted) != int(r.Generation-1) {
			t.Errorf("accepted are %+v", r.Accepted)
		}
		lose(int(r.Position) - 10)
	}
	if _, err := AcceptLoss(t.Context(), w.Store, w.pool, w.key, 0); err != nil {
		t.Fatal(err)
	}
	w.seal()
	w.clean(witnessed...)
	// A head of the first generation still vouches for what was never lost.
	w.exec("UPDATE audit.heads SET root = set_byte(root, 0, get_byte(root, 0) # 1) WHERE generation = 1 AND size = 270")
	if r := w.verify(); !r.named("generation 1 size 270") {
		t.Errorf("Verify found:\n%s", r.all())
	}
}

// TestVerifyWhileWriting: what is written, sealed, redacted and erased meanwhile is no
// mismatch.
func TestVerifyWhileWriting(t *testing.T) {
	w := newWorld(t)
	w.open("a ticket")
	ctx, stop := context.WithCancel(t.Context())
	sealer := w.sealer(Config{})
	sealer.timing.interval = time.Millisecond
	var running sync.WaitGroup
	running.Go(func() {
		if err := sealer.Run(ctx); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	admin := domain.By{Actor: agent, Admin: true}
	var rounds atomic.Int64
	for range 2 {
		running.Go(func() {
			for ; ctx.Err() == nil; rounds.Add(1) {
				ticket := w.open("subject")
				kept, hidden, gone := w.say(ticket, "kept"), w.say(ticket, "to be hidden"), w.say(ticket, "to be gone")
				w.must(domain.UpdateComment{Account: account, Ticket: ticket, Comment: kept, By: admin, Text: text("edited"), Audit: w.numbers().Audit})
				w.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: hidden, By: admin, Audit: w.numbers().Audit, Hide: domain.Redaction{Text: "hidden"}})
				w.must(domain.EraseComment{Account: account, Ticket: ticket, Comment: gone, By: admin, Audit: w.numbers().Audit, Cause: domain.CauseErasure})
			}
		})
	}
	for last := int64(0); last < 8 && !t.Failed(); last++ {
		w.eventually(func() bool { return rounds.Load() > last || t.Failed() })
		w.clean()
	}
	stop()
	running.Wait()
	w.seal()
	w.clean()
}
