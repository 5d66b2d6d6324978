package relay

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

func acme(context.Context, domain.AccountID) (string, error) { return "acme", nil }

// example is an event with every field set.
func example() eventstore.Recorded {
	return eventstore.Recorded{
		Position: 42, PrevInPartition: 17, Epoch: 3, Account: 7, Version: 5, CommentPrevious: 4, SchemaVersion: 2,
		RecordedAt: time.Date(2026, 3, 4, 5, 6, 7, 890123000, time.UTC),
		Ticket:     domain.TicketID(uuid.MustParse("550e8400-e29b-41d4-a716-446655440000")),
		Comment:    domain.CommentID(uuid.MustParse("123e4567-e89b-12d3-a456-426614174000")),
		ID:         domain.EventID(uuid.MustParse("0197a1b2-0000-7000-8000-000000000001")),
		Internal:   true, Type: "comment.created", Data: []byte(`{"audit":1}`),
	}
}

func TestMessageIsACloudEvent(t *testing.T) {
	msg, err := newEncoder(logForm(0), "https://comments.example/", acme).encode(t.Context(), example(), 41)
	if err != nil {
		t.Fatal(err)
	}
	want := &nats.Msg{
		Subject: "commentd.log.0.acme.internal.comment.created",
		Header: nats.Header{
			"ce-specversion":              {"1.0"},
			"ce-id":                       {"0197a1b2-0000-7000-8000-000000000001"},
			"ce-source":                   {"/accounts/acme"},
			"ce-type":                     {"commentd.comment.created"},
			"ce-subject":                  {"tickets/550e8400-e29b-41d4-a716-446655440000/comments/123e4567-e89b-12d3-a456-426614174000"},
			"ce-time":                     {"2026-03-04T05:06:07.890123Z"},
			"ce-dataref":                  {"https://comments.example/v1/tickets/550e8400-e29b-41d4-a716-446655440000/comments/123e4567-e89b-12d3-a456-426614174000"},
			"ce-schemaversion":            {"2"},
			"ce-accountid":                {"7"},
			"ce-version":                  {"5"},
			"ce-previnpartition":          {"17"},
			"ce-previncomment":            {"4"},
			"ce-epoch":                    {"3"},
			"ce-internal":                 {"true"},
			"Content-Type":                {"application/json"},
			"Nats-Expected-Last-Sequence": {"41"},
		},
		Data: []byte(`{"audit":1}`),
	}
	if diff := cmp.Diff(want.Header, msg.Header); diff != "" || msg.Subject != want.Subject || string(msg.Data) != string(want.Data) {
		t.Errorf("encode = %s %s; want %s %s\nheader (-want +got):\n%s", msg.Subject, msg.Data, want.Subject, want.Data, diff)
	}
}

// One encoder serves all messages of a relay: nothing of one may show in the next.
func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	e := newEncoder(logForm(3), "http://localhost", acme)
	rapid.Check(t, func(rt *rapid.T) {
		want := anyRecorded().Draw(rt, "event")
		msg, err := e.encode(t.Context(), want, uint64(want.Position-1))
		if err != nil {
			rt.Fatal(err)
		}
		got, err := Decode(uint64(want.Position), msg.Header, msg.Data)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			rt.Fatalf("Decode(encode(r)): %v\n(-want +got):\n%s", err, diff)
		}
	})
}

func anyRecorded() *rapid.Generator[eventstore.Recorded] {
	id := rapid.Custom(func(t *rapid.T) (id [16]byte) {
		binary.LittleEndian.PutUint64(id[:], rapid.Uint64().Draw(t, "id"))
		id[15] = 1
		return id
	})
	position := rapid.Int64Range(1, 1<<62)
	return rapid.Custom(func(t *rapid.T) eventstore.Recorded {
		r := eventstore.Recorded{
			Position:        eventstore.Position(position.Draw(t, "position")),
			PrevInPartition: eventstore.Position(position.Draw(t, "previous") - 1),
			RecordedAt:      time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "micros")).UTC(),
			Epoch:           rapid.Int32Min(1).Draw(t, "epoch"),
			Account:         domain.AccountID(rapid.Int32Min(1).Draw(t, "account")),
			Ticket:          id.Draw(t, "ticket"),
			Version:         eventstore.Version(rapid.Int32Min(1).Draw(t, "version")),
			ID:              id.Draw(t, "event"),
			Internal:        rapid.Bool().Draw(t, "internal"),
			Type:            rapid.SampledFrom([]string{"ticket.opened", "comment.created", "comment.made_private"}).Draw(t, "type"),
			SchemaVersion:   rapid.Int16Min(1).Draw(t, "schema"),
			Data:            rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
		}
		if rapid.Bool().Draw(t, "about a comment") {
			r.Comment = id.Draw(t, "comment")
		}
		return r
	})
}

func TestDecodeRefusesWhatIsNoEvent(t *testing.T) {
	spoil := func(key, value string) nats.Header {
		msg, err := newEncoder(logForm(0), "http://localhost", acme).encode(t.Context(), example(), 41)
		if err != nil {
			t.Fatal(err)
		}
		msg.Header.Set(key, value)
		return msg.Header
	}
	for _, tt := range []struct {
		name   string
		header nats.Header
	}{
		{"no header", nil},
		{"other version of CloudEvents", spoil(headerSpecVersion, "2.0")},
		{"foreign type", spoil(headerType, "com.example.created")},
		{"no event id", spoil(headerID, "")},
		{"foreign subject", spoil(headerSubject, "users/550e8400-e29b-41d4-a716-446655440000")},
		{"half a subject", spoil(headerSubject, "tickets/550e8400-e29b-41d4-a716-446655440000/comments/")},
		{"no ticket", spoil(headerSubject, "tickets/")},
		{"epoch too large", spoil(headerEpoch, "2147483648")},
		{"account is a word", spoil(headerAccount, "acme")},
		{"time without zone", spoil(headerTime, "2026-03-04T05:06:07")},
		{"internal unknown", spoil(headerInternal, "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Decode(42, tt.header, nil); !errors.Is(err, errMessage) {
				t.Errorf("Decode = %+v, %v; want %v", got, err, errMessage)
			}
		})
	}
}

// A slug is part of a subject: one with a dot or a wildcard would reach readers of
// another account.
func TestEncodeRefusesSlugsThatMeanSomethingInSubjects(t *testing.T) {
	for _, slug := range []string{"", "*", ">", "a.public", "a%", "A", "а", "a b", "a\r\nb", string(make([]byte, 41))} {
		e := newEncoder(logForm(0), "http://localhost", func(context.Context, domain.AccountID) (string, error) { return slug, nil })
		if msg, err := e.encode(t.Context(), example(), 41); err == nil {
			t.Errorf("encode with slug %q = %s, nil; want an error", slug, msg.Subject)
		}
	}
}

func TestSubjectOfAnOddTypeStaysInItsPlace(t *testing.T) {
	for _, kind := range []string{"", ".", "comment", "comment.", "comment.created.>", "comment.*", "a b.c"} {
		const want = "commentd.log.2.acme.public.unknown.unknown"
		if got := subjectOf(2, "acme", false, kind); got != want {
			t.Errorf("subjectOf(%q) = %s, want %s", kind, got, want)
		}
	}
}
