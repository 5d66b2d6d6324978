package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/commentd/commentd/domain"
)

// TestVerifyResumes interrupts a verification wherever it tells how far it has come,
// lets things happen, and goes on: what it says is what it would have said at once.
func TestVerifyResumes(t *testing.T) {
	w := history(t, 2)
	w.grow(230)
	w.seal()
	admin := domain.By{Actor: agent, Admin: true}
	file := filepath.Join(t.TempDir(), "mark")
	interrupt := func(after int) (stage string) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		v := w.verifier()
		v.small, v.Resume = 40, file
		v.Progress = func(s string, _, _ int64) {
			if after--; after == 0 {
				stage = s
				stop()
			}
		}
		if _, err := v.Verify(ctx); stage != "" && !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted at %s, Verify = %v", stage, err)
		}
		return stage
	}
	resume := func() (*Report, map[string]int64) {
		t.Helper()
		v := w.verifier()
		v.small, v.Resume = 40, file
		first := map[string]int64{}
		v.Progress = func(stage string, done, _ int64) {
			if _, told := first[stage]; !told {
				first[stage] = done
			}
		}
		r, err := v.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{file, textsFile(file)} {
			if _, err := os.Stat(name); err == nil {
				t.Errorf("%s is left", name)
			}
		}
		return r, first
	}
	resumed := map[string]bool{}
	for n := 2; ; n += 3 {
		stage := interrupt(n)
		if stage == "" {
			break
		}
		// A ticket of those that may be checked already goes on, and loses a text.
		ticket := w.log()[0].Ticket
		comment := w.say(ticket, "later")
		w.must(domain.EraseComment{Account: account, Ticket: ticket, Comment: comment, By: admin, Audit: w.numbers().Audit, Cause: domain.CauseErasure})
		w.say(w.open("later"), "also later")
		if n%2 == 0 {
			w.seal()
		}
		whole := w.clean()
		r, first := resume()
		if !r.OK() || r.Position != whole.Position || r.Sealed != whole.Sealed || r.Heads != whole.Heads {
			t.Fatalf("interrupted at %s (%d), Verify = %+v\n%s; in one go it says %+v", stage, n, r, r.all(), whole)
		}
		resumed[stage] = resumed[stage] || first[StageLog] > 40
	}
	if !resumed[StageLog] || !resumed[StageTickets] {
		t.Errorf("it went on in %v", resumed)
	}

	// What is wrong is found before and after an interruption, and not forgotten.
	if interrupt(12) == "" {
		t.Fatal("not interrupted")
	}
	// The tickets of the second account come last.
	w.exec("UPDATE log.comments SET number = number + 1 WHERE comment_id = (SELECT max(comment_id::text)::uuid FROM log.comments WHERE account_id = 2)")
	w.exec("INSERT INTO log.contents SELECT bucket_id, shard, gen_random_uuid(), sealed FROM log.contents LIMIT 1")
	if r, _ := resume(); !r.named("log.comments") || !r.named("no event has brought it") || len(r.Findings) != 2 {
		t.Errorf("Verify found:\n%s", r.all())
	}
	w.exec("UPDATE log.events SET epoch = 0 WHERE position = 3")
	interrupt(12)
	w.exec("UPDATE log.events SET epoch = 1 WHERE position = 3")
	if r, _ := resume(); !r.named("position 3: is not the event that was sealed") {
		t.Errorf("Verify forgot what it had found:\n%s", r.all())
	}
	if err := os.WriteFile(file, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := w.verifier()
	v.Resume = file
	if _, err := v.Verify(t.Context()); err == nil {
		t.Error("Verify goes on from something else")
	}
}
