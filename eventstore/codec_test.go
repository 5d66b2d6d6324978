package eventstore

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

var update = flag.Bool("update", false, "write the golden files of new events; those of released ones never change")

// samples holds one event of every type with every field set.
func samples() []domain.Event {
	meta := domain.Meta{
		Actor: domain.Actor{Kind: domain.ActorIntegration, ID: domain.UserID(uuid.UUID{15: 1})},
		Audit: 8796093022206,
	}
	requester := domain.UserID(uuid.UUID{15: 2})
	ref := domain.ContentRef{ID: domain.ContentID(uuid.UUID{15: 3}), Digest: domain.Digest{0xff, 31: 1}}
	return []domain.Event{
		domain.TicketOpened{Meta: meta, Number: 12, Status: domain.StatusNew, Requester: &requester, Subject: &ref, DefaultPublic: true, LegalHold: true},
		domain.TicketChanged{Meta: meta, Status: domain.StatusClosed, Requester: &requester, Subject: &ref, DefaultPublic: true, LegalHold: true},
		domain.CommentCreated{Meta: meta, Number: 13, Author: domain.Author{Type: domain.AuthorCustomer, ID: requester}, Public: true, Content: ref,
			Channel: domain.ChannelWebWidget, Flags: 1<<2 | 1<<22},
		domain.CommentEdited{Meta: meta, Content: ref},
		domain.CommentMadePrivate{Meta: meta},
		domain.CommentMadePublic{Meta: meta},
		domain.CommentDeleted{Meta: meta},
		domain.CommentRedacted{Meta: meta, Contents: []domain.Replacement{{Old: domain.ContentID(uuid.UUID{15: 4}), New: ref}},
			Files: []domain.FileRedacted{{Old: 14, New: 15}, {Old: 16}}, TextKept: true},
		domain.ContentErased{Meta: meta, Subject: true, Contents: []domain.ContentID{ref.ID}, Cause: domain.CauseRetention},
		domain.ObligationCompleted{Meta: meta, Obligation: domain.EventID(uuid.UUID{15: 5})},
		domain.ChatStarted{Meta: meta, Number: 14, Visitor: requester},
		domain.ChatEntryAdded{Meta: meta, Index: 3, Kind: domain.ChatMessage, Author: domain.Author{Type: domain.AuthorCustomer, ID: requester}, Content: ref},
		domain.ChatEnded{Meta: meta},
		domain.ChatRedacted{Meta: meta, Contents: []domain.Replacement{{Old: domain.ContentID(uuid.UUID{15: 4}), New: ref}},
			Files: []domain.FileRedacted{{Old: 14, New: 15}}},
	}
}

// imported holds one event of every type that can come from elsewhere.
func imported() []domain.Event {
	meta := domain.Meta{
		Actor:  domain.Actor{Kind: domain.ActorCustomer, ID: domain.UserID(uuid.UUID{15: 1})},
		Audit:  8796093022206,
		Origin: &domain.Origin{Audit: 360001234567, At: time.Date(2014, 2, 3, 4, 5, 6, 7000, time.UTC)},
	}
	return []domain.Event{
		domain.TicketOpened{Meta: meta, Number: 12, Status: domain.StatusNew},
		domain.TicketChanged{Meta: meta, Status: domain.StatusClosed},
		domain.CommentCreated{Meta: meta, Number: 13, Author: domain.Author{Type: domain.AuthorCustomer, ID: meta.Actor.ID}},
	}
}

func TestPayloads(t *testing.T) {
	seen := map[string]bool{}
	for i, e := range append(samples(), imported()...) {
		name, version, data, err := Encode(e)
		if err != nil {
			t.Fatalf("Encode(%T): %v", e, err)
		}
		seen[name] = true
		ending := ".json"
		if i >= len(samples()) {
			ending = ".imported.json"
		}
		file := filepath.Join("testdata", "payloads", name+"."+string('0'+rune(version))+ending)
		if *update {
			if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v; run with -update for a new event", err)
		}
		if !bytes.Equal(data, want) {
			t.Errorf("Encode(%T) = %s; want, for ever, %s", e, data, want)
		}
		got, err := Decode(name, version, want, time.Time{})
		if err != nil {
			t.Fatalf("Decode(%s): %v", name, err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("Decode(%s) (-want +got):\n%s", name, diff)
		}
	}
	for name := range kinds {
		if !seen[name] {
			t.Errorf("no sample of %s", name)
		}
	}
}

// A comment that came through the API and has no flags says neither, and what says
// neither is such a comment.
func TestChannelAndFlagsMayBeLeftOut(t *testing.T) {
	plain := domain.CommentCreated{Number: 1, Author: domain.Author{Type: domain.AuthorAgent}}
	name, version, data, err := Encode(plain)
	if err != nil || bytes.Contains(data, []byte("channel")) || bytes.Contains(data, []byte("flags")) {
		t.Fatalf("Encode = %s, %v; want neither channel nor flags", data, err)
	}
	if got, err := Decode(name, version, data, time.Time{}); err != nil || got != plain {
		t.Errorf("Decode = %+v, %v; want %+v", got, err, plain)
	}
	for _, bad := range []string{`"channel":"pigeon"`, `"channel":7`, `"flags":[32]`, `"flags":[-1]`, `"flags":["2"]`, `"flags":{}`, `"flags":[2`} {
		if got, err := Decode(name, version, append(append(data[:len(data)-1:len(data)-1], ","+bad...), '}'), time.Time{}); err == nil {
			t.Errorf("Decode with %s = %+v; want an error", bad, got)
		}
	}
}

func TestDecodeSetsTheTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, e := range samples() {
		name, version, data, _ := Encode(e)
		got, err := Decode(name, version, data, at)
		if err != nil || !got.Metadata().At.Equal(at) {
			t.Errorf("Decode(%s).At = %v, %v; want %v", name, got.Metadata().At, err, at)
		}
	}
}

// What comes from elsewhere has happened when it happened there, but not after it was
// recorded.
func TestDecodeGivesTheTimeOfTheOrigin(t *testing.T) {
	for _, e := range imported() {
		there := e.Metadata().Origin.At
		name, version, data, _ := Encode(e)
		for recorded, want := range map[time.Time]time.Time{
			there.Add(time.Hour): there, there: there, there.Add(-time.Hour): there.Add(-time.Hour),
		} {
			got, err := Decode(name, version, data, recorded)
			if err != nil || !got.Metadata().At.Equal(want) {
				t.Errorf("Decode(%s) recorded at %v: At = %v, %v; want %v", name, recorded, got.Metadata().At, err, want)
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	const secret = "c5-secret"
	for _, tt := range []struct {
		name, event string
		version     int16
		data        string
		unknown     bool
	}{
		{"unknown event", "comment.sung", 1, `{}`, true},
		{"version of the future", "comment.edited", 2, `{}`, true},
		{"version zero", "comment.edited", 0, `{}`, true},
		{"not JSON", "comment.edited", 1, secret, false},
		{"wrong type", "comment.edited", 1, `{"content":"` + secret + `"}`, false},
		{"truncated", "comment.created", 1, `{"actor":{"kind":"` + secret, false},
		{"bad origin", "comment.edited", 1, `{"origin":{"audit":"` + secret + `"}}`, false},
		{"bad time", "comment.edited", 1, `{"origin":{"audit":1,"at":"` + secret + `"}}`, false},
		{"bad digest", "comment.edited", 1, `{"content":{"id":"00000000-0000-0000-0000-000000000001","digest":"` + secret + `"}}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(tt.event, tt.version, []byte(tt.data), time.Time{})
			var unknown *UnknownEventError
			if err == nil || errors.As(err, &unknown) != tt.unknown {
				t.Errorf("Decode = %v; want an error, unknown event: %t", err, tt.unknown)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error repeats the payload: %v", err)
			}
		})
	}
}

// TestUpcast lifts an artificial old version of an event, in which the text was
// named by a bare id, through two steps to the shape of today.
func TestUpcast(t *testing.T) {
	table := upcasterTable{"comment.edited": {
		1: func(data []byte) ([]byte, error) {
			return bytes.Replace(data, []byte(`"text":`), []byte(`"content_id":`), 1), nil
		},
		2: func(data []byte) ([]byte, error) {
			id, ok := bytes.CutPrefix(data, []byte(`{"content_id":`))
			if !ok {
				return nil, errors.New("no content id")
			}
			return append(append([]byte(`{"content":{"id":`), bytes.TrimSuffix(id, []byte("}"))...), "}}"...), nil
		},
	}}
	id := uuid.UUID{15: 9}
	data, err := table.lift("comment.edited", 1, 3, []byte(`{"text":"`+id.String()+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := kindCommentEdited.decode(data, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (domain.CommentEdited{Content: domain.ContentRef{ID: domain.ContentID(id)}}); got != want {
		t.Errorf("lifted to %+v; want %+v", got, want)
	}
	if _, err := table.lift("comment.edited", 2, 3, []byte(`{"other":1}`)); err == nil {
		t.Error("an upcaster's error is lost")
	}
	if _, err := table.lift("comment.edited", 1, 4, []byte(`{"text":1}`)); err == nil {
		t.Error("a missing step is not noticed")
	}
}
