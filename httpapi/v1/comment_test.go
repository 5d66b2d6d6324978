package v1

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// TestCommentAppend: what is written by hand is what the type says, which is what
// the OpenAPI document is made from.
func TestCommentAppend(t *testing.T) {
	at := Time(time.Date(2026, 3, 4, 5, 6, 7, 999_000_000, time.FixedZone("", 3600)))
	for _, author := range []domain.AuthorType{domain.AuthorAgent, domain.AuthorCustomer, domain.AuthorSystem} {
		c := Comment{
			ID: domain.CommentID(uuid.New()), TicketID: domain.TicketID(uuid.New()),
			Content: Literal(`"a \"b\" é"`), IsInternal: author == domain.AuthorAgent, CreatedAt: at, UpdatedAt: at,
		}
		c.by(&domain.Author{Type: author, ID: domain.UserID(uuid.New())})
		want, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(c.append(nil)); got != string(want) {
			t.Errorf("append = %s\nwant     %s", got, want)
		}
	}
}

func BenchmarkCommentAppend(b *testing.B) {
	c := Comment{Content: Literal(`"I have the same problem since the last update, could you look into it?"`)}
	c.by(&domain.Author{Type: domain.AuthorAgent})
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = c.append(dst[:0])
	}
}
