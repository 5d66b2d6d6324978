package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// BundleReport is what CheckBundle has found.
type BundleReport struct {
	Account  string          `json:"account"`
	Ticket   domain.TicketID `json:"ticket_id"`
	TreeSize int64           `json:"tree_size"`
	SignedAt string          `json:"signed_at"`
	Events   int             `json:"events"`
	Contents int             `json:"contents"` // checked against the digests of their events
	Withheld int             `json:"withheld"` // that the log speaks of and the bundle does not have
	Removed  int             `json:"removed"`  // that were redacted or erased
	Findings []Finding       `json:"findings"`
}

// OK reports whether everything is as it should be.
func (r *BundleReport) OK() bool { return len(r.Findings) == 0 }

func (r *BundleReport) find(row, format string, args ...any) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, Finding{"bundle", row, fmt.Sprintf(format, args...)})
	}
}

// maxLine is the longest line of a bundle: an event, or a text with its escapes.
const maxLine = 16 << 20

// CheckBundle checks that a bundle is what the holder of the key has signed for: its
// head, that each event is in the log of that head, that no version of the ticket is
// missing before the last one, and each text against its event. What came after the
// last event of the bundle, it cannot tell. The error says that it is no bundle.
func CheckBundle(r io.Reader, verifierKey string) (*BundleReport, error) {
	c := &bundleCheck{BundleReport: &BundleReport{Findings: []Finding{}}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		line, err := readRecord(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d of the bundle is not JSON of the form that it should have", n)
		}
		if err := c.line(n, &line, verifierKey); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	if c.stream == nil {
		return nil, errors.New("not a bundle: it has no header")
	}
	c.finish()
	return c.BundleReport, nil
}

// readRecord reads a line. It is strict: names in their exact case, each once, and none
// that is not known. Else another program might read in the line what was not checked.
func readRecord(line []byte) (r record, err error) {
	if err = json.Unmarshal(line, &r, json.RejectUnknownMembers(true)); err != nil {
		return r, err
	}
	set := 0
	for _, there := range []bool{r.Header != nil, r.Event != nil, r.Content != nil, r.End != nil} {
		if there {
			set++
		}
	}
	if set > 1 {
		return r, errors.New("more than one record in a line")
	}
	return r, nil
}

// bundleCheck is one CheckBundle.
type bundleCheck struct {
	*BundleReport
	header bundleHeader
	head   Head
	stream *stream // nil: there was no header yet
	given  map[domain.ContentID]bool
	end    *bundleEnd
}

func (c *bundleCheck) line(n int, line *record, verifierKey string) error {
	row := fmt.Sprintf("line %d", n)
	switch {
	case line.Header != nil && c.stream == nil:
		return c.begin(line.Header, verifierKey)
	case c.stream == nil:
		return errors.New("not a bundle: it does not begin with a header")
	case c.end != nil:
		c.find(row, "comes after the end")
	case line.Event != nil:
		c.event(row, line.Event)
	case line.Content != nil:
		c.content(row, line.Content)
	case line.End != nil:
		c.end = line.End
	default:
		c.find(row, "is nothing that belongs there")
	}
	return nil
}

func (c *bundleCheck) begin(h *bundleHeader, verifierKey string) error {
	if h.Format != bundleFormat {
		return fmt.Errorf("a bundle of format %d; this program knows format %d", h.Format, bundleFormat)
	}
	head, err := OpenHead([]byte(h.Head), verifierKey)
	if errors.Is(err, ErrHead) {
		c.find("line 1", "the tree head was not signed by this key")
	} else if err != nil {
		return err
	}
	c.header, c.head, c.stream, c.given = *h, head, newStream(h.ID, h.Ticket), map[domain.ContentID]bool{}
	c.Account, c.Ticket, c.TreeSize = h.Account, h.Ticket, head.Size
	if err == nil {
		c.SignedAt = head.Time()
	}
	return nil
}

func (c *bundleCheck) event(row string, b *bundleEvent) {
	c.Events++
	e := b.Recorded()
	row = fmt.Sprintf("%s, position %d", row, b.Position)
	if b.Account != c.header.ID || b.Ticket != c.header.Ticket || b.Shard != c.head.Shard {
		c.find(row, "is of another ticket")
	}
	if b.Position < 1 || tlog.CheckRecord(b.Proof, c.head.Size, c.head.Root, b.Position-1, LeafHash(b.Shard, e)) != nil {
		c.find(row, "is not proved to be in the log: a column or the proof was changed")
	}
	if !e.RecordedAt.Equal(e.RecordedAt.Truncate(time.Microsecond)) {
		c.find(row, "was not recorded at this time: the log knows microseconds")
	}
	fact, err := e.Decode()
	if err != nil {
		fact = nil
	}
	for _, problem := range c.stream.add(e, fact) {
		c.find(row, "%s (version %d)", problem, b.Version)
	}
}

func (c *bundleCheck) content(row string, b *ContentRow) {
	row = fmt.Sprintf("%s, content %s", row, b.ID)
	want, known := c.stream.contents[b.ID]
	switch {
	case !known:
		c.find(row, "no event has brought it, or one has removed it")
	case c.given[b.ID]:
		c.find(row, "is there twice")
	case !vault.CheckDigest(b.Salt, []byte(b.Document), want.digest):
		c.find(row, "is not the text that the event at position %d speaks of", want.position)
	default:
		c.given[b.ID] = true
		c.Contents++
	}
}

func (c *bundleCheck) finish() {
	switch {
	case c.end == nil:
		c.find("end", "missing: the bundle was cut off")
	case c.end.Events != c.Events:
		c.find("end", "speaks of %d events; there are %d", c.end.Events, c.Events)
	}
	if c.Events == 0 {
		c.find("events", "there are none")
	}
	c.Removed = c.stream.removed
	c.Withheld = len(c.stream.contents) - len(c.given)
	if c.Withheld > 0 && c.header.Contents {
		c.find("contents", "%d texts are missing, although all are said to be there", c.Withheld)
	}
}
