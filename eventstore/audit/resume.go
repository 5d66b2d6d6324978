package audit

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
)

// markFormat is that of the file in which a verification notes how far it has come.
const markFormat = 1

// mark is how far a verification has come. What was checked is not checked again when
// it is taken up, but for tickets to which something has happened since.
type mark struct {
	Format     int       `json:"format"`
	Generation int32     `json:"generation"`
	Report     Report    `json:"report"`
	Log        *logMark  `json:"log"`
	Tickets    *tickMark `json:"tickets"`
	Salt       []byte    `json:"salt"`
	Texts      int       `json:"texts"` // of which the file beside holds the hashes
}

type logMark struct {
	Position   int64     `json:"position"`
	RecordedAt time.Time `json:"recorded_at"`
	Epoch      int32     `json:"epoch"`
	Partitions []int64   `json:"partitions"`
	Tiles      [][]byte  `json:"tiles"` // of the tree's edge
	Size       int64     `json:"size"`  // of the tree
	Previous   int64     `json:"previous"`
	HeadEpoch  int32     `json:"head_epoch"`
	Forked     bool      `json:"forked"`
}

// tickMark names the last ticket that was checked, as the log was up to a position.
type tickMark struct {
	Position int64            `json:"position"`
	Account  domain.AccountID `json:"account_id"`
	Ticket   domain.TicketID  `json:"ticket_id"`
}

// saveEvery is how often progress is noted.
const saveEvery = 5 * time.Second

// textsFile holds the hashes of texts beside the mark in file.
func textsFile(file string) string { return file + ".texts" }

// load takes up what an interrupted verification has left. Of a tree that has had
// several generations, or has begun another one, the log is gone through again.
func (r *run) load() error {
	if r.Resume == "" {
		return nil
	}
	text, err := os.ReadFile(r.Resume)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var m mark
	if err := json.Unmarshal(text, &m); err != nil || m.Format != markFormat {
		return fmt.Errorf("%s is no file in which a verification has noted how far it has come", r.Resume)
	}
	if m.Generation != r.generation || r.generation != 1 {
		return nil
	}
	if err := r.contents.load(textsFile(r.Resume), m.Salt, m.Texts); err != nil {
		return err
	}
	sealed, position, epoch := r.report.Sealed, r.report.Position, r.report.Epoch
	*r.report = m.Report
	r.report.Sealed, r.report.Position, r.report.Epoch, r.report.Generation, r.report.Witnessed = sealed, position, epoch, r.generation, 0
	r.from, r.done, r.saved = m.Log, m.Tickets, m.Texts
	if m.Log != nil && len(r.trees) == 1 {
		t := r.trees[0]
		t.edge.size, t.previous, t.fetched, t.epoch, t.forked = m.Log.Size, m.Log.Previous, m.Log.Previous, m.Log.HeadEpoch, m.Log.Forked
		t.heads, t.noMore = nil, false
		for _, tile := range m.Log.Tiles {
			hashes, _ := split(tile)
			t.edge.tiles = append(t.edge.tiles, append(make([]tlog.Hash, 0, tileWidth), hashes...))
		}
	}
	return nil
}

// note remembers that everything up to here is checked, and saves it now and then.
func (r *run) note() error {
	if r.Resume == "" {
		return nil
	}
	r.mark = &mark{
		Format: markFormat, Generation: r.generation, Report: *r.report, Log: r.from, Tickets: r.done,
		Salt: r.contents.salt[:], Texts: len(r.contents.hashes),
	}
	if time.Since(r.savedAt) < saveEvery {
		return nil
	}
	return r.save()
}

// place is where the verification of the log is, at the end of a page.
func (w *logWalk) place() *logMark {
	m := &logMark{Position: w.at, RecordedAt: w.last, Epoch: w.lastEpoch, Partitions: slices.Clone(w.partitions)}
	if len(w.trees) == 1 {
		t := w.trees[0]
		m.Size, m.Previous, m.HeadEpoch, m.Forked = t.edge.size, t.previous, t.epoch, t.forked
		for _, hashes := range t.edge.tiles {
			m.Tiles = append(m.Tiles, join(hashes))
		}
	}
	return m
}

// save writes the last mark: first the hashes that it counts, then itself, as a whole.
func (r *run) save() error {
	if r.mark == nil {
		return nil
	}
	if r.mark.Texts > r.saved || r.saved == 0 {
		if err := r.contents.save(textsFile(r.Resume), r.saved, r.mark.Texts); err != nil {
			return err
		}
		r.saved = r.mark.Texts
	}
	text, err := json.Marshal(r.mark)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(r.Resume), filepath.Base(r.Resume)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), r.Resume)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	r.savedAt = time.Now()
	return nil
}

// finished removes what nobody needs to go on from any more.
func (r *run) finished() error {
	if r.Resume == "" {
		return nil
	}
	var errs []error
	for _, name := range []string{r.Resume, textsFile(r.Resume)} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// save writes the hashes from one index to another to their place in a file.
func (s *contentSet) save(name string, from, to int) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	b := make([]byte, 0, 8*(to-from))
	for _, h := range s.hashes[from:to] {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	_, err = file.WriteAt(b, int64(8*from))
	return errors.Join(err, file.Close())
}

// load reads the first n hashes in a file.
func (s *contentSet) load(name string, salt []byte, n int) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	b := make([]byte, 8*n)
	if _, err := io.ReadFull(file, b); err != nil || len(salt) != len(s.salt) {
		return fmt.Errorf("%s does not belong to the file beside it: remove both, and begin anew", name)
	}
	copy(s.salt[:], salt)
	for i := range n {
		s.hashes = append(s.hashes, binary.BigEndian.Uint64(b[8*i:]))
	}
	return nil
}
