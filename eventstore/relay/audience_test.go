package relay

import (
	"bytes"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// Where something comes from is told to those who are told of everything, and to nobody else.
func TestPublicBodiesDoNotTellOfOrigins(t *testing.T) {
	here := domain.Meta{Actor: domain.Actor{Kind: domain.ActorCustomer}, Audit: 1}
	elsewhere := here
	elsewhere.Origin = &domain.Origin{Audit: 360001, At: time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC)}
	for _, of := range []func(domain.Meta) domain.Event{
		func(m domain.Meta) domain.Event { return domain.TicketOpened{Meta: m, Status: domain.StatusOpen} },
		func(m domain.Meta) domain.Event { return domain.TicketChanged{Meta: m, Status: domain.StatusOpen} },
		func(m domain.Meta) domain.Event {
			return domain.CommentCreated{Meta: m, Author: domain.Author{Type: domain.AuthorCustomer}}
		},
	} {
		var told [2][]byte
		for i, meta := range []domain.Meta{here, elsewhere} {
			var r eventstore.Recorded
			var err error
			if r.Type, r.SchemaVersion, r.Data, err = eventstore.Encode(of(meta)); err != nil {
				t.Fatal(err)
			}
			if told[i], _, err = publicBody(&r); err != nil {
				t.Fatal(err)
			}
			if AudienceAll.form().body != nil || bytes.Contains(r.Data, []byte("360001")) != (i == 1) {
				t.Errorf("all of %s is %s; want the data of the event, with its origin", r.Type, r.Data)
			}
		}
		if !bytes.Equal(told[0], told[1]) {
			t.Errorf("of %T the public is told %s, or %s if it comes from elsewhere", of(here), told[0], told[1])
		}
	}
}
