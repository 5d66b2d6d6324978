package files_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
)

func TestAttach(t *testing.T) {
	w := newWorld(t)
	u := w.upload("one", "two")
	before, err := w.files.Uploaded(t.Context(), u)
	if err != nil || len(before.Files) != 2 {
		t.Fatalf("Uploaded = %+v, %v", before, err)
	}
	cmd := w.comment("with files", u, w.upload("three"))
	w.execute(cmd)
	got := w.versions(cmd.Comment)[0].Attachments
	if len(got) != 3 || !slices.EqualFunc(got[:2], before.Files, domain.Attachment.Equal) {
		t.Fatalf("attached: %+v; want the two files %+v, then the third", got, before.Files)
	}
	for i, want := range []string{"one", "two", "three"} {
		for _, f := range []struct {
			domain.Attachment
			content string
		}{{got[i], want}, {got[i].Thumbnails[0], "small " + want}} {
			if content, err := w.read(f.Attachment); err != nil || content != f.content {
				t.Errorf("the content of file %d: %q, %v; want %q", f.Number, content, err, f.content)
			}
			ticket, comment, err := w.files.Locate(t.Context(), account, f.Number)
			if err != nil || ticket != w.ticket || comment != cmd.Comment {
				t.Errorf("Locate(%d) = %s, %s, %v; want the comment", f.Number, ticket, comment, err)
			}
			if _, _, err := w.files.Locate(t.Context(), account+1, f.Number); !errors.Is(err, domain.ErrNoAttachment) {
				t.Errorf("Locate in another account: %v; want ErrNoAttachment", err)
			}
		}
	}
	if n := w.count("SELECT count(*) FROM log.files WHERE num_nonnulls(sealed, upload, uploader_id, expires_at) > 0"); n > 0 {
		t.Errorf("%d rows still tell of the upload", n)
	}
	for name, err := range map[string]error{
		"Uploaded": second(w.files.Uploaded(t.Context(), u)),
		"Add":      second(w.files.Add(t.Context(), u, w.put("late"))),
		"Drop":     w.files.Drop(t.Context(), u),
		"Execute":  second(w.log.Execute(t.Context(), w.comment("again", u), nil)),
	} {
		if !errors.Is(err, domain.ErrUploads) {
			t.Errorf("%s after it was attached: %v; want ErrUploads", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhoMayAttach(t *testing.T) {
	w := newWorld(t)
	u := w.upload("mine")
	for name, u := range map[string]files.Upload{
		"another account": {Account: account + 1, Uploader: u.Uploader, Token: u.Token},
		"another person":  {Account: account, Uploader: other, Token: u.Token},
		"another token":   {Account: account, Uploader: u.Uploader, Token: vault.NewUploadToken()},
	} {
		for what, err := range map[string]error{
			"Execute":  second(w.log.Execute(t.Context(), w.comment("stolen", u), nil)),
			"Uploaded": second(w.files.Uploaded(t.Context(), u)),
			"Add":      second(w.files.Add(t.Context(), u, w.put("intruder"))),
			"Drop":     w.files.Drop(t.Context(), u),
		} {
			if !errors.Is(err, domain.ErrUploads) {
				t.Errorf("%s, %s: %v; want ErrUploads", name, what, err)
			}
		}
	}
	if up, err := w.files.Uploaded(t.Context(), u); err != nil || len(up.Files) != 1 {
		t.Errorf("Uploaded = %+v, %v; want the one file", up, err)
	}
}

// An upload that expires between the moment when it is opened and that when it is
// written is not attached: the log judges by its own clock.
func TestExpired(t *testing.T) {
	w := newWorld(t)
	u := w.upload("late")
	cmd := w.comment("too late", u)
	if err := w.files.Drop(t.Context(), u); err != nil { // which lets it expire
		t.Fatal(err)
	}
	if _, err := w.log.Execute(t.Context(), cmd, nil); !errors.Is(err, domain.ErrUploads) {
		t.Errorf("Execute = %v; want ErrUploads", err)
	}
	if n := w.count("SELECT count(*) FROM log.events"); n > 0 {
		t.Errorf("%d events were written", n)
	}
}

// A file that joins the upload after it was opened is not dropped silently.
func TestAddedMeanwhile(t *testing.T) {
	w := newWorld(t)
	u := w.upload("one")
	cmd := w.comment("x", u)
	if _, err := w.files.Add(t.Context(), u, w.put("two")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.log.Execute(t.Context(), cmd, nil); !errors.Is(err, domain.ErrUploads) {
		t.Errorf("Execute = %v; want ErrUploads", err)
	}
	again := w.comment("x", u)
	w.execute(again)
	if got := w.versions(again.Comment)[0].Attachments; len(got) != 2 {
		t.Errorf("%d files are attached; want 2", len(got))
	}
}

// A write that fails gives the upload back.
func TestGivenBack(t *testing.T) {
	w := newWorld(t)
	w.execute(w.comment("first"))
	closed := domain.StatusClosed
	n := w.numbers()
	u := w.upload("one")
	cmd := w.comment("to a ticket that is closed meanwhile", u)
	w.execute(domain.PutTicket{Account: account, Ticket: w.ticket, By: domain.By{Actor: agent}, Status: &closed, Numbers: domain.Numbers{Audit: n, Subject: n + 1}})
	if _, err := w.log.Execute(t.Context(), cmd, nil); !errors.Is(err, domain.ErrTicketClosed) {
		t.Fatalf("Execute = %v; want ErrTicketClosed", err)
	}
	stale := domain.WriteTicket{
		Account: account, Ticket: domain.TicketID(uuid.New()), By: domain.By{Actor: agent}, Opens: w.numbers(), Comment: cmd.Comment,
		Say: &domain.NewComment{Author: agent.Own(), Text: w.comment("", u).Text}, Expected: 7,
	}
	if _, err := w.log.Execute(t.Context(), stale, nil); !errors.Is(err, domain.ErrTicketChanged) {
		t.Fatalf("Execute = %v; want ErrTicketChanged", err)
	}
	w.ticket = domain.TicketID(uuid.New())
	w.execute(w.comment("elsewhere", u))
}

func TestTooManyFiles(t *testing.T) {
	w := newWorld(t)
	cmd := w.comment("x")
	cmd.Text.Attachments = make([]domain.Attachment, domain.MaxAttachments+1)
	if _, err := w.log.Execute(t.Context(), cmd, nil); !errors.Is(err, domain.ErrTooManyAttachments) {
		t.Errorf("Execute = %v; want ErrTooManyAttachments", err)
	}
}

// Of all who attach one upload at once, through several processes, one succeeds, and the
// others are told; those who add to it are either attached with it or refused.
func TestRaceForOneUpload(t *testing.T) {
	url, folder := devstacktest.Postgres(t), t.TempDir()
	w := newWorldOn(t, url, folder)
	processes := []*world{w, newWorldOn(t, url, folder), newWorldOn(t, url, folder)}
	for round := range 5 {
		u := w.upload("contested")
		const racers = 24
		var commands []domain.CreateComment
		for range racers {
			commands = append(commands, w.comment(fmt.Sprintf("round %d", round), u))
		}
		late := w.put("late")
		var ready, done sync.WaitGroup
		var mu sync.Mutex
		var winner domain.CommentID
		var added error
		won, lost := 0, 0
		start := make(chan struct{})
		ready.Add(racers + 1)
		for i, cmd := range commands {
			done.Go(func() {
				ready.Done()
				<-start
				_, err := processes[i%len(processes)].log.Execute(t.Context(), cmd, nil)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won, winner = won+1, cmd.Comment
				case errors.Is(err, domain.ErrUploads):
					lost++
				default:
					t.Errorf("Execute: %v", err)
				}
			})
		}
		done.Go(func() {
			ready.Done()
			<-start
			_, added = processes[1].files.Add(t.Context(), u, late)
		})
		ready.Wait()
		close(start)
		done.Wait()
		// If the file was added first, nobody attaches: all had counted one less.
		if added == nil && won == 0 && lost == racers {
			cmd := w.comment("after all", u)
			w.execute(cmd)
			won, winner = 1, cmd.Comment
			if got := w.versions(winner)[0].Attachments; len(got) != 2 {
				t.Errorf("%d files are attached; want both", len(got))
			}
		} else if won != 1 || lost != racers-1 || !errors.Is(added, domain.ErrUploads) {
			t.Errorf("%d won, %d were refused, and Add = %v", won, lost, added)
		}
		if n := w.count("SELECT count(*) FROM log.files WHERE comment_id IS NULL"); n > 0 {
			t.Errorf("%d files were left behind", n)
		}
	}
}

func TestReplayAttachesOnce(t *testing.T) {
	w := newWorld(t)
	u := w.upload("one")
	cmd := w.comment("once", u)
	receipt, err := w.log.Receipt(t.Context(), account, agent.ID, "test", "key", []byte("request"))
	if err != nil {
		t.Fatal(err)
	}
	for i, replayed := range []bool{false, true} {
		if replayed { // the request comes again, and the upload is used up
			cmd = w.comment("once", u)
		}
		if result, err := w.log.Execute(t.Context(), cmd, receipt); err != nil || result.Replayed != replayed {
			t.Errorf("attempt %d: Execute = %+v, %v; want Replayed = %v", i, result, err, replayed)
		}
	}
}

// An edit is about the text: files, voice and metadata stay with the comment.
func TestEditsCarryFilesForward(t *testing.T) {
	w := newWorld(t)
	cmd := w.comment("before", w.upload("one"))
	cmd.Text.Custom, cmd.Text.Voice = `{"a":1}`, `{"from":"1"}`
	w.execute(cmd)
	edit := domain.UpdateComment{
		Account: account, Ticket: w.ticket, Comment: cmd.Comment, By: domain.By{Actor: agent}, Audit: w.numbers(),
		Text: &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(uuid.Must(uuid.NewV7()))}, Body: "after"},
	}
	w.execute(edit)
	got := w.versions(cmd.Comment)
	want := got[0]
	if want.Text = "after"; len(got) != 2 || !got[1].Equal(want) || len(want.Attachments) != 1 || want.Voice == "" || want.Custom == "" {
		t.Errorf("versions: %+v; want the second to differ in the text alone", got)
	}
}

// TestUploadQuota: of all that is uploaded at once, through several processes, no more waits
// than may; what is attached or deleted makes room, and others are not concerned.
func TestUploadQuota(t *testing.T) {
	url, folder := devstacktest.Postgres(t), t.TempDir()
	w := newWorldOn(t, url, folder)
	size := w.put("0").Size + w.put("0").Thumbnails[0].Size
	for name, config := range map[string]files.Config{"files": {MostFiles: 6}, "bytes": {MostBytes: 3*size + 1}} {
		t.Run(name, func(t *testing.T) {
			uploader := domain.UserID(uuid.New())
			stores := []*files.Store{files.New(w.log, w.pool, w.vault, w.blobs, config), files.New(w.log, w.pool, w.vault, w.blobs, config)}
			var begun []files.Upload
			refused := 0
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range 8 {
				a := w.put("0")
				all.Go(func() {
					u, _, err := stores[i%2].Begin(t.Context(), account, uploader, a)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						begun = append(begun, u)
					case errors.Is(err, domain.ErrUploadQuota):
						refused++
					default:
						t.Errorf("Begin: %v", err)
					}
				})
			}
			all.Wait()
			if len(begun) != 3 || refused != 5 {
				t.Fatalf("%d were taken and %d refused; want 3 and 5", len(begun), refused)
			}
			if _, err := stores[0].Add(t.Context(), begun[0], w.put("0")); !errors.Is(err, domain.ErrUploadQuota) {
				t.Errorf("Add = %v; want ErrUploadQuota", err)
			}
			if _, _, err := stores[0].Begin(t.Context(), account, domain.UserID(uuid.New()), w.put("0")); err != nil {
				t.Errorf("Begin of somebody else: %v", err)
			}
			if err := stores[0].Drop(t.Context(), begun[0]); err != nil {
				t.Fatal(err)
			}
			if _, err := stores[0].Add(t.Context(), begun[1], w.put("0")); err != nil {
				t.Errorf("Add after Drop: %v", err)
			}
			cmd := w.comment("attaches")
			if err := stores[0].Claim(t.Context(), account, uploader, []vault.UploadToken{begun[1].Token}, cmd.Text); err != nil {
				t.Fatal(err)
			}
			w.execute(cmd)
			for range 2 {
				if _, _, err := stores[1].Begin(t.Context(), account, uploader, w.put("0")); err != nil {
					t.Errorf("Begin after two files were attached: %v", err)
				}
			}
		})
	}
}
