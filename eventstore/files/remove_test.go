package files_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/retention"
	"github.com/commentd/commentd/eventstore/vault"
)

func (w *world) redact(comment domain.CommentID, hide domain.Redaction) eventstore.Result {
	w.t.Helper()
	return w.execute(domain.RedactComment{
		Account: account, Ticket: w.ticket, Comment: comment, By: domain.By{Actor: agent, Admin: true}, Audit: w.numbers(), Hide: hide,
	})
}

func (w *world) edit(comment domain.CommentID, body string) {
	w.t.Helper()
	w.execute(domain.UpdateComment{
		Account: account, Ticket: w.ticket, Comment: comment, By: domain.By{Actor: agent}, Audit: w.numbers(),
		Text: &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: body},
	})
}

// mustBeGone checks that a file cannot be found, and that its blobs are deleted.
func (w *world) mustBeGone(a domain.Attachment) {
	w.t.Helper()
	for _, f := range append([]domain.Attachment{a}, a.Thumbnails...) {
		if _, _, err := w.files.Locate(w.t.Context(), account, f.Number); !errors.Is(err, domain.ErrNoAttachment) {
			w.t.Errorf("Locate(%d) = %v; want ErrNoAttachment", f.Number, err)
		}
		if content, err := w.read(f); !errors.Is(err, blob.ErrNotFound) {
			w.t.Errorf("the blob of file %d: %q, %v; want ErrNotFound", f.Number, content, err)
		}
		if n := w.count("SELECT count(*) FROM log.files WHERE number = $1", f.Number); n > 0 {
			w.t.Errorf("file %d has its row", f.Number)
		}
	}
}

func TestRedactFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd := w.comment("see there", w.upload("one", "two"))
	w.execute(cmd)
	w.edit(cmd.Comment, "see here")
	files := w.versions(cmd.Comment)[1].Attachments
	w.redact(cmd.Comment, domain.Redaction{Attachments: []int64{files[0].Number}})

	if _, _, err := w.files.Locate(t.Context(), account, files[0].Number); !errors.Is(err, domain.ErrNoAttachment) {
		t.Errorf("Locate right after the redaction: %v; want ErrNoAttachment", err)
	}
	recorded, err := w.log.ReadComment(t.Context(), account, w.ticket, cmd.Comment, 0)
	if err != nil {
		t.Fatal(err)
	}
	fact, err := recorded[2].Decode()
	event, ok := fact.(domain.CommentRedacted)
	if err != nil || !ok || len(event.Files) != 1 || event.Files[0].Old != files[0].Number || !event.TextKept {
		t.Fatalf("the event is %+v, %v; want one file redacted and the text kept", fact, err)
	}
	placeholder := domain.Attachment{Number: event.Files[0].New, Name: "redacted.txt", Type: "text/plain", Size: 1}
	for i, text := range []string{"see there", "see here"} {
		want := domain.Body{Text: text, Attachments: []domain.Attachment{placeholder, files[1]}}
		if got := w.versions(cmd.Comment)[i]; !got.Equal(want) {
			t.Errorf("version %d: %+v; want %+v", i, got, want)
		}
	}
	if _, comment, err := w.files.Locate(t.Context(), account, placeholder.Number); err != nil || comment != cmd.Comment {
		t.Errorf("Locate of the placeholder = %s, %v", comment, err)
	}
	w.fulfil(w.blobs)
	w.mustBeGone(files[0])
	if content, err := w.read(files[1]); err != nil || content != "two" {
		t.Errorf("the other file: %q, %v", content, err)
	}
	if again := w.execute(domain.RedactComment{
		Account: account, Ticket: w.ticket, Comment: cmd.Comment, By: domain.By{Actor: agent, Admin: true}, Audit: w.numbers(),
		Hide: domain.Redaction{Attachments: []int64{placeholder.Number}},
	}); again.Changed {
		t.Error("redacting the placeholder has changed something")
	}
}

func TestSecretInTheNameOfAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd := w.comment("see there", w.upload("pin 12345"))
	w.execute(cmd)
	was := w.versions(cmd.Comment)[0].Attachments[0]
	w.redact(cmd.Comment, domain.Redaction{Text: "12345"})
	now := w.versions(cmd.Comment)[0].Attachments[0]
	if now.Name != "pin ▇▇▇▇.txt" || now.Thumbnails[0].Name != "small pin ▇▇▇▇" {
		t.Errorf("the names are %q and %q", now.Name, now.Thumbnails[0].Name)
	}
	w.fulfil(w.blobs)
	if content, err := w.read(was); err != nil || content != "pin 12345" {
		t.Errorf("the content: %q, %v; want it as it was", content, err)
	}
}

// targets gives one target to an eraser.
func targets(t retention.Target) func(context.Context, func(retention.Target) error) error {
	return func(_ context.Context, take func(retention.Target) error) error { return take(t) }
}

// Whatever erases a comment, be it for good reason of any kind, takes its files with it.
func TestErasureTakesFiles(t *testing.T) {
	for name, erase := range map[string]func(*world, domain.CreateComment){
		"erasure": func(w *world, c domain.CreateComment) {
			w.execute(domain.EraseComment{Account: account, Ticket: w.ticket, Comment: c.Comment, By: domain.By{Actor: agent, Admin: true}, Cause: domain.CauseErasure})
		},
		"everything redacted": func(w *world, c domain.CreateComment) { w.redact(c.Comment, domain.Redaction{All: true}) },
		"a file redacted, then erased": func(w *world, c domain.CreateComment) {
			w.redact(c.Comment, domain.Redaction{Attachments: []int64{w.versions(c.Comment)[0].Attachments[0].Number}})
			w.execute(domain.EraseComment{Account: account, Ticket: w.ticket, Comment: c.Comment, By: domain.By{Actor: agent, Admin: true}, Cause: domain.CauseErasure})
		},
		"an account or a customer": func(w *world, c domain.CreateComment) {
			eraser := retention.NewEraser(w.log, w.pool, 0, 2)
			if _, err := eraser.Erase(w.t.Context(), domain.CauseErasure, targets(retention.Target{Account: account, Ticket: w.ticket, Comment: c.Comment}), nil); err != nil {
				w.t.Fatal(err)
			}
		},
		"retention of deleted comments": func(w *world, c domain.CreateComment) {
			w.execute(domain.DeleteComment{Account: account, Ticket: w.ticket, Comment: c.Comment, By: domain.By{Actor: agent}, Audit: w.numbers()})
			policies := []retention.Policy{{Account: account}}
			worker := retention.NewWorker(w.log, w.pool, nil, w.metrics, retention.Config{})
			if err := worker.Glance(w.t.Context(), policies); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			cmd, bystander := w.comment("erased", w.upload("one", "two")), w.comment("stays", w.upload("three"))
			w.execute(cmd)
			w.execute(bystander)
			files := w.versions(cmd.Comment)[0].Attachments
			erase(w, cmd)
			w.fulfil(w.blobs)
			for _, a := range files {
				w.mustBeGone(a)
			}
			if n := w.count("SELECT count(*) FROM log.files WHERE comment_id = $1 AND blob_id IS NOT NULL", uuid.UUID(cmd.Comment)); n > 0 {
				t.Errorf("%d files have rows", n)
			}
			if content, err := w.read(w.versions(bystander.Comment)[0].Attachments[0]); err != nil || content != "three" {
				t.Errorf("the file of another comment: %q, %v", content, err)
			}
		})
	}
}

// stubborn is a place for blobs that refuses to delete for a while.
type stubborn struct {
	blob.Store
	refusals int
}

func (s *stubborn) Delete(ctx context.Context, id blob.ID) error {
	if s.refusals > 0 {
		s.refusals--
		return blob.ErrUnavailable
	}
	return s.Store.Delete(ctx, id)
}

// While a file cannot be deleted its obligation stays open; others do not wait for it.
func TestBlobsThatCannotBeDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd, plain := w.comment("with a file", w.upload("one")), w.comment("without")
	w.execute(cmd)
	w.execute(plain)
	a := w.versions(cmd.Comment)[0].Attachments[0]
	place := &stubborn{Store: w.blobs, refusals: 1 << 30}
	broken := files.New(w.log, w.pool, w.vault, place, files.Config{})
	for _, c := range []domain.CommentID{cmd.Comment, plain.Comment} {
		w.execute(domain.EraseComment{Account: account, Ticket: w.ticket, Comment: c, By: domain.By{Actor: agent, Admin: true}, Cause: domain.CauseErasure})
	}
	if err := broken.RemoveMarked(t.Context(), 1<<40); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("RemoveMarked = %v; want ErrUnavailable", err)
	}
	if n := w.count("SELECT count(*) FROM log.files WHERE removed_at_position IS NOT NULL"); n != 2 {
		t.Errorf("%d rows are left of a file and its thumbnail; want both", n)
	}
	place.refusals = 3
	w.fulfil(place)
	w.mustBeGone(a)
}

// A worker that is stopped between a blob and its row leaves what the next one goes on
// with.
func TestRemovalConverges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd := w.comment("x", w.upload("one"))
	w.execute(cmd)
	a := w.versions(cmd.Comment)[0].Attachments[0]
	w.redact(cmd.Comment, domain.Redaction{Attachments: []int64{a.Number}})
	if err := w.blobs.Delete(t.Context(), blob.ID(a.Blob)); err != nil { // and no more
		t.Fatal(err)
	}
	for range 2 {
		w.fulfil(w.blobs)
		w.mustBeGone(a)
	}
}

func TestExpireAndSweep(t *testing.T) {
	w := newWorld(t)
	kept, attached := w.upload("kept"), w.upload("attached")
	w.execute(w.comment("x", attached))
	expired := w.upload("expired")
	if _, err := w.pool.Exec(t.Context(), "UPDATE log.files SET expires_at = now() - interval '11 minutes' WHERE upload = $1", digest(w, expired)); err != nil {
		t.Fatal(err)
	}
	orphan, young := w.put("orphan"), w.put("young")
	if n, err := w.files.Expire(t.Context()); err != nil || n != 2 {
		t.Errorf("Expire = %d, %v; want the file and its thumbnail", n, err)
	}
	if n := w.stored(); n != 8 {
		t.Errorf("%d blobs are left; want 8", n)
	}
	w.age(t, orphan, orphan.Thumbnails[0])
	up, err := w.files.Uploaded(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	w.age(t, up.Files[0])
	if n, err := w.files.Sweep(t.Context()); err != nil || n != 2 {
		t.Errorf("Sweep = %d, %v; want the two that nobody knows", n, err)
	}
	for _, a := range []domain.Attachment{up.Files[0], young} {
		if _, err := w.read(a); err != nil {
			t.Errorf("a blob that was to stay: %v", err)
		}
	}
	if _, err := w.read(orphan); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("the orphan: %v; want ErrNotFound", err)
	}
}

func digest(w *world, u files.Upload) []byte {
	d := w.vault.UploadDigest(u.Account, u.Token)
	return d[:]
}

// age makes blobs two days old.
func (w *world) age(t *testing.T, all ...domain.Attachment) {
	t.Helper()
	then := time.Now().Add(-48 * time.Hour)
	for _, a := range all {
		name := blob.ID(a.Blob).String()
		if err := os.Chtimes(filepath.Join(w.folder, name[:2], name), then, then); err != nil {
			t.Fatal(err)
		}
	}
}

// A request that breaks off leaves nothing.
func TestPutThatFails(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("broken off")
	if _, err := w.files.Put(t.Context(), &failing{strings.NewReader(strings.Repeat("x", 1<<20)), broken}); !errors.Is(err, broken) {
		t.Errorf("Put = %v; want the error of the source", err)
	}
	if n := w.stored(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

type failing struct {
	src *strings.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	if n, err := f.src.Read(p); err == nil {
		return n, nil
	}
	return 0, f.err
}

// Neither a name, nor a content, nor a token is in a table or in a blob, before a comment
// attaches the file and after.
func TestNothingInTheClear(t *testing.T) {
	w := newWorld(t)
	const canary = "canary 7c9e6679f7425"
	u := w.upload(canary)
	look := func(when string) {
		for _, secret := range []string{canary, u.Token.String(), string(u.Token[:])} {
			rows, err := w.pool.Query(t.Context(), "SELECT to_jsonb(f)::text FROM log.files f UNION ALL SELECT encode(sealed, 'escape') FROM log.contents UNION ALL SELECT encode(data, 'escape') FROM log.events")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var row string
				if err := rows.Scan(&row); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(row, secret) {
					t.Errorf("%s: a secret is in the database", when)
				}
			}
			rows.Close()
			_ = filepath.WalkDir(w.folder, func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					if content, err := os.ReadFile(path); err != nil || bytes.Contains(content, []byte(secret)) {
						t.Errorf("%s: a secret is in a blob, %v", when, err)
					}
				}
				return nil
			})
		}
	}
	look("uploaded")
	w.execute(w.comment("x", u))
	look("attached")
}

// A row that was put under another number, or in another account, opens nothing.
func TestMovedUpload(t *testing.T) {
	w := newWorld(t)
	u := w.upload("one")
	if _, err := w.pool.Exec(t.Context(), "UPDATE log.files SET number = number + 1000 WHERE length(sealed) > 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.files.Uploaded(t.Context(), u); !errors.Is(err, vault.ErrDamaged) {
		t.Errorf("Uploaded = %v; want ErrDamaged", err)
	}
}
