package audit

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

var sample = eventstore.Recorded{
	Position: 0x0102030405060708, PrevInPartition: 0x0a0b0c0d, RecordedAt: time.Date(2026, 3, 14, 15, 9, 26, 535_897_000, time.UTC),
	Epoch: 2, Account: 7, Ticket: domain.TicketID{0: 0x71, 15: 0x72}, Version: 5, CommentPrevious: 3, ID: domain.EventID{0: 0xe1, 15: 0xe2},
	Comment: domain.CommentID{0: 0xc1, 15: 0xc2}, Internal: true, Type: "comment.edited", SchemaVersion: 1, Data: []byte(`{"a":1}`),
}

// TestLeafFormat: leaves that were once signed for stay what they are.
func TestLeafFormat(t *testing.T) {
	want := strings.Join([]string{
		"01", "0009", "0102030405060708", "000000000a0b0c0d", "00064cfd5f1e82d9", "00000002", "00000007",
		"71000000000000000000000000000072", "00000005", "01c10000000000000000000000000000c2", "00000003", "0001", "01",
		"e10000000000000000000000000000e2", "0000000e", hex.EncodeToString([]byte("comment.edited")), "00000007", hex.EncodeToString([]byte(`{"a":1}`)),
	}, "")
	if got := hex.EncodeToString(Leaf(9, &sample)); got != want {
		t.Errorf("Leaf =\n%s, want\n%s", got, want)
	}
	const hash = "bPEZNo5QSqgFDHgYyiNhPHVx808qXh0CDYcbvZzziHE="
	if got := LeafHash(9, &sample).String(); got != hash {
		t.Errorf("LeafHash = %s, want %s", got, hash)
	}
}

// TestLeafCoversEveryField: also of those that will be added to an event one day.
func TestLeafCoversEveryField(t *testing.T) {
	before := string(Leaf(9, &sample))
	if string(Leaf(8, &sample)) == before {
		t.Error("the leaf does not depend on the shard")
	}
	fields := reflect.TypeFor[eventstore.Recorded]()
	for i := range fields.NumField() {
		other := sample
		switch field := reflect.ValueOf(&other).Elem().Field(i); field.Kind() {
		case reflect.Int64, reflect.Int32, reflect.Int16:
			field.SetInt(field.Int() ^ 1)
		case reflect.Bool:
			field.SetBool(!field.Bool())
		case reflect.String:
			field.SetString(field.String() + "x")
		case reflect.Slice:
			field.SetBytes(append([]byte("x"), field.Bytes()...))
		case reflect.Array:
			field.Index(7).SetUint(field.Index(7).Uint() ^ 1)
		case reflect.Struct:
			field.Set(reflect.ValueOf(other.RecordedAt.Add(time.Microsecond)))
		default:
			t.Fatalf("%s is of a new kind", fields.Field(i).Name)
		}
		if string(Leaf(9, &other)) == before {
			t.Errorf("the leaf does not depend on %s", fields.Field(i).Name)
		}
	}
	// What moves from one field to the next is not the same.
	other := sample
	other.Type, other.Data = "comment.edited{", []byte(`"a":1}`)
	if string(Leaf(9, &other)) == before {
		t.Error("type and data flow into each other")
	}
}
