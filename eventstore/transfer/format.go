package transfer

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/audit"
)

// format is that of the file. A reader knows no other.
const format = 1

// maxLine is the longest line: an event, or a text with its escapes.
const maxLine = 16 << 20

// line is a line of a file. One of its fields is set.
type line struct {
	Header  *header           `json:"header,omitzero"`
	Event   *event            `json:"event,omitzero"`
	Content *audit.ContentRow `json:"content,omitzero"` // of the event before it
	Entry   *Entry            `json:"directory,omitzero"`
	Numbers *numbers          `json:"numbers,omitzero"`
	Tree    *tree             `json:"tree,omitzero"`
	End     *end              `json:"end,omitzero"`
}

type header struct {
	Format   int    `json:"format"`
	Log      string `json:"log"`           // as audit.Origin names it
	From     int64  `json:"from"`          // position of the first event
	Contents bool   `json:"with_contents"` // all texts follow that there are
}

type event struct {
	audit.EventRow
	LeafHash tlog.Hash `json:"leaf_hash"` // follows from the row: a line that was damaged is known by it
	// KeyDestroyedAt is of an obligation.completed: the event does not say it.
	KeyDestroyedAt *time.Time `json:"key_destroyed_at,omitzero"`
}

// An Entry is something of the directory: an account, a user, a key.
type Entry struct {
	Kind  string         `json:"kind"`
	Value jsontext.Value `json:"value"`
}

// numbers are blocks of numbers that an account has taken.
type numbers struct {
	Account  domain.AccountID `json:"account_id"`
	Reserved bool             `json:"reserved"` // for numbers that things have brought with them; else it has drawn from them
	Blocks   []int64          `json:"blocks"`
}

// tree says of which log the events are.
type tree struct {
	Head string `json:"tree_head"` // a signed note, see audit.Head; empty: there are no events
	// Consistency proves that the head speaks of a log that begins with the one up to the
	// last event here.
	Consistency []tlog.Hash `json:"consistency"`
	NumberBlock int64       `json:"number_block"` // numbers up to the end of this block may have been drawn
}

type end struct {
	Events   int64  `json:"events"`
	Contents int64  `json:"contents"`
	Signed   string `json:"signed"` // a note of endText
}

// endText is what the log's key signs of a file: all of it but the last line.
func endText(log string, size int64, sum [sha256.Size]byte) string {
	return fmt.Sprintf("%s/export\n%d\n%s\n", log, size, base64.StdEncoding.EncodeToString(sum[:]))
}

// encode returns a line, with its end.
func encode(l line) ([]byte, error) {
	text, err := json.Marshal(l)
	return append(text, '\n'), err
}

// decode reads a line. It is strict: names in their exact case, each once, and none that
// is not known, for another program might read in the line what was not checked.
func decode(text []byte) (l line, err error) {
	if err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true)); err != nil {
		return l, errors.New("not JSON of the form that it should have") // the decoder's error may quote a text
	}
	set := 0
	for _, there := range []bool{l.Header != nil, l.Event != nil, l.Content != nil, l.Entry != nil, l.Numbers != nil, l.Tree != nil, l.End != nil} {
		if there {
			set++
		}
	}
	if set != 1 {
		return l, errors.New("nothing that belongs there")
	}
	return l, nil
}

// A RefusedError says which line of a file is not what it should be, and why. It never
// quotes a text.
type RefusedError struct {
	Line   int
	Reason string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

func refuse(line int, format string, args ...any) error {
	return &RefusedError{line, fmt.Sprintf(format, args...)}
}
