package transfer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/fold"
)

// group is an event, and the texts that it has brought and that are there still.
type group struct {
	line int
	event
	recorded *eventstore.Recorded
	fact     domain.Event
	texts    []text
}

type text struct {
	eventstore.TextAt
	eventstore.Disclosed
}

// sink is told what is in a file, line by line, after it was checked. Its error ends the
// reading.
type sink interface {
	begin(ctx context.Context, h header) (*chain, error)
	add(ctx context.Context, g *group) error
	entry(ctx context.Context, line int, e Entry) error
	numbers(ctx context.Context, n *numbers) error
	end(ctx context.Context, t *tree) error
}

// Report is what was in a file.
type Report struct {
	From       int64  `json:"from"` // positions
	To         int64  `json:"to"`
	Contents   int64  `json:"contents"`
	Directory  int64  `json:"directory"`   // entries
	TreeSize   int64  `json:"tree_size"`   // of the signed head
	SignedAt   string `json:"signed_at"`   // likewise
	HeadProved bool   `json:"head_proved"` // the events are those that the head speaks of; else the file begins in the middle of the log
	New        int64  `json:"new"`         // events that an import has added
	Files      bool   `json:"files"`       // some of them name files, whose bytes have to be copied
}

// reader reads and checks a file.
type reader struct {
	Report
	in   *bufio.Reader
	key  string // verifier key; "": what is signed is not looked at
	to   sink
	line int
	size int64 // bytes of all lines before this one
	sum  hash.Hash

	header  *header
	chain   *chain
	group   *group    // whose texts may follow
	last    tlog.Hash // leaf hash of the last event
	events  int64
	over    bool                       // there are no more events
	missing map[domain.ContentID]int64 // texts that an event has brought, at this position, and that are not there
	tree    *tree
	ended   bool
}

func newReader(in io.Reader, key string, to sink) *reader {
	return &reader{in: bufio.NewReaderSize(in, 1<<16), key: key, to: to, sum: sha256.New(), missing: map[domain.ContentID]int64{}}
}

// read reads all. The error is a *RefusedError, that of the sink or that of the reader.
func (r *reader) read(ctx context.Context) error {
	for {
		text, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return r.finish()
		case err != nil:
			return err
		}
		l, err := decode(text)
		if err != nil {
			return refuse(r.line, "%v", err)
		}
		if err := r.take(ctx, &l); err != nil {
			return err
		}
		r.size += int64(len(text))
		r.sum.Write(text)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// next returns a line with its end.
func (r *reader) next() ([]byte, error) {
	r.line++
	var text []byte
	for {
		part, err := r.in.ReadSlice('\n')
		if text = append(text, part...); len(text) > maxLine {
			return nil, refuse(r.line, "too long")
		}
		switch {
		case err == nil:
			return text, nil
		case errors.Is(err, io.EOF) && len(text) > 0:
			return nil, refuse(r.line, "cut off: the file is not whole")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

func (r *reader) take(ctx context.Context, l *line) error {
	switch {
	case r.ended:
		return refuse(r.line, "comes after the end")
	case (l.Header != nil) != (r.header == nil):
		return refuse(r.line, "a file has one header, in its first line")
	case l.Header != nil:
		return r.begin(ctx, l.Header)
	case l.Content != nil && r.group != nil:
		return r.content(l.Content)
	case l.Content != nil:
		return refuse(r.line, "the text is of no event before it")
	}
	if err := r.endGroup(ctx); err != nil {
		return err
	}
	switch {
	case l.End != nil:
		return r.end(ctx, l.End)
	case r.tree != nil:
		return refuse(r.line, "nothing but the end comes after the tree")
	case l.Tree != nil:
		return r.takeTree(l.Tree)
	case l.Entry != nil:
		r.Directory++
		r.over = true
		return r.to.entry(ctx, r.line, *l.Entry)
	case l.Numbers != nil:
		r.over = true
		return r.to.numbers(ctx, l.Numbers)
	case r.over:
		return refuse(r.line, "events come before the directory and the numbers")
	}
	return r.event(l.Event)
}

func (r *reader) begin(ctx context.Context, h *header) (err error) {
	switch {
	case h.Format != format:
		return refuse(r.line, "a file of format %d; this program knows format %d", h.Format, format)
	case h.Log != audit.Origin(0):
		return refuse(r.line, "not of the log %s", audit.Origin(0)) // there is one shard
	case h.From < 1:
		return refuse(r.line, "positions begin with 1")
	}
	r.header, r.From = h, h.From
	if r.chain, err = r.to.begin(ctx, *h); err != nil {
		return err
	}
	if r.chain == nil && h.From == 1 {
		r.chain = newChain(0)
	} else if r.chain == nil {
		r.chain = unknownChain(0, h.From-1)
	}
	return nil
}

func (r *reader) event(e *event) error {
	g := &group{line: r.line, event: *e, recorded: e.Recorded()}
	if e.Shard != r.chain.shard {
		return refuse(r.line, "the event is of another shard")
	}
	if audit.LeafHash(e.Shard, g.recorded) != e.LeafHash {
		return refuse(r.line, "the event is not the one that its leaf hash is of")
	}
	if wrong := r.chain.add(g.recorded); wrong != "" {
		return refuse(r.line, "%s", wrong)
	}
	var err error
	if g.fact, err = g.recorded.Decode(); err != nil {
		return refuse(r.line, "%v", err)
	}
	_, completes := g.fact.(domain.ObligationCompleted)
	switch {
	case completes != (e.KeyDestroyedAt != nil):
		return refuse(r.line, "key_destroyed_at is for an obligation that is completed")
	case completes && e.KeyDestroyedAt.After(g.recorded.RecordedAt):
		return refuse(r.line, "the obligation was completed before the keys were destroyed")
	}
	if r.header.Contents {
		for _, ref := range fold.Brings(g.fact) {
			r.missing[ref.ID] = r.chain.position
		}
		for _, id := range fold.Removes(g.fact) {
			delete(r.missing, id)
		}
	}
	r.group, r.last = g, e.LeafHash
	r.events++
	return nil
}

// content takes a text of the last event.
func (r *reader) content(c *audit.ContentRow) error {
	if !r.header.Contents {
		return refuse(r.line, "a text, although the file is said to have none")
	}
	for _, ref := range fold.Brings(r.group.fact) {
		if ref.ID != c.ID {
			continue
		}
		t := text{eventstore.TextAt{ContentRef: ref, Place: fold.Place(r.group.recorded, ref.ID)}, eventstore.Disclosed{Document: []byte(c.Document), Salt: c.Salt}}
		if _, missing := r.missing[ref.ID]; !missing {
			return refuse(r.line, "the text is there twice")
		}
		if !t.genuine() {
			return refuse(r.line, "not the text that the event at position %d speaks of", r.chain.position)
		}
		delete(r.missing, ref.ID)
		r.group.texts = append(r.group.texts, t)
		r.Contents++
		return nil
	}
	return refuse(r.line, "the event at position %d has not brought the text", r.chain.position)
}

// endGroup hands on the last event: all its texts are there.
func (r *reader) endGroup(ctx context.Context) error {
	g := r.group
	r.group = nil
	if g == nil {
		return nil
	}
	return r.to.add(ctx, g)
}

// takeTree checks that the events are those that a signed head speaks of.
func (r *reader) takeTree(t *tree) error {
	r.tree = t
	if t.Head == "" && r.events == 0 || r.key == "" {
		return nil
	}
	head, err := audit.OpenHead([]byte(t.Head), r.key)
	if err != nil {
		return refuse(r.line, "the tree head was not signed by this key")
	}
	r.TreeSize, r.SignedAt = head.Size, head.Time()
	if r.chain.tree == nil || r.chain.position == 0 {
		return nil // the beginning of the log is not known
	}
	if tlog.CheckTree(tlog.TreeProof(t.Consistency), head.Size, head.Root, r.chain.tree.Size(), r.chain.tree.Root()) != nil {
		return refuse(r.line, "the signed tree head speaks of other events")
	}
	r.HeadProved = true
	return nil
}

func (r *reader) end(ctx context.Context, e *end) error {
	var sum [sha256.Size]byte
	r.sum.Sum(sum[:0])
	if r.tree == nil {
		return refuse(r.line, "the end comes before the tree")
	}
	if r.key != "" {
		signed, err := audit.OpenText([]byte(e.Signed), r.key)
		if err != nil {
			return refuse(r.line, "the end was not signed by this key")
		}
		if signed != endText(r.header.Log, r.size, sum) {
			return refuse(r.line, "what comes before is not what was signed")
		}
	}
	if e.Events != r.events || e.Contents != r.Contents {
		return refuse(r.line, "speaks of %d events and %d texts; there are %d and %d", e.Events, e.Contents, r.events, r.Contents)
	}
	if r.header.Contents && len(r.missing) > 0 {
		return refuse(r.line, "%d texts are missing that no event has removed: %s", len(r.missing), firstMissing(r.missing))
	}
	r.ended = true
	return r.to.end(ctx, r.tree)
}

func firstMissing(missing map[domain.ContentID]int64) string {
	var first int64
	for _, position := range missing {
		if first == 0 || position < first {
			first = position
		}
	}
	return fmt.Sprintf("the first was brought at position %d", first)
}

func (r *reader) finish() error {
	if r.chain != nil {
		r.To = r.chain.position
	}
	switch {
	case r.header == nil:
		return refuse(r.line, "there is nothing in the file")
	case !r.ended:
		return refuse(r.line, noEnd)
	}
	return nil
}
