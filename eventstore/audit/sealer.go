package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// logReader is all that the sealer asks of the log.
type logReader interface {
	Head(ctx context.Context) (eventstore.Head, error)
	ReadAll(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error)
	Appended() <-chan struct{}
	Sighted() (eventstore.Head, time.Time)
}

// Config is what a Sealer may be told beyond what it needs.
type Config struct {
	Shard int16 // of the log; default 0
	Batch int   // events sealed in one step; default 4096
	// Witness is told of the heads that are signed; nil: nobody is.
	Witness Witness
}

// timing is how long a sealer waits for things. Tests are in more of a hurry.
type timing struct {
	interval time.Duration // between two heads, at least: with the work it takes, less than a second
	look     time.Duration // for somebody in this process to look at the log, when all is quiet; else it is interval
	quiet    time.Duration // without an event, before all is quiet
	standby  time.Duration // for another sealer to get on
	halted   time.Duration // between two looks whether an operator has decided
	retry    time.Duration // after Postgres has not answered
}

// Sealer extends the tree of a shard by what is appended to the log, and signs its
// heads. Any number may run: one works and the others stand by, and if for once two
// work, one of them is refused.
type Sealer struct {
	log     logReader
	pool    *pgxpool.Pool
	key     *Key
	metrics *metrics.Metrics
	config  Config
	timing  timing
	logger  *slog.Logger
	status  atomic.Pointer[Status]

	// For the goroutine of Run.
	edge       *edge // nil: not loaded
	generation int32
	epoch      int32
	last       tlog.Hash // leaf of the last event in the tree
	head       *Head     // the last one
	publisher  *publisher
}

// NewSealer returns a sealer of the log. It starts nothing.
func NewSealer(log logReader, pool *pgxpool.Pool, key *Key, m *metrics.Metrics, config Config) *Sealer {
	if config.Batch == 0 {
		config.Batch = 4096
	}
	s := &Sealer{
		log: log, pool: pool, key: key, metrics: m, config: config,
		timing: timing{
			interval: 750 * time.Millisecond, look: 1500 * time.Millisecond, quiet: 30 * time.Second, standby: 3 * time.Second,
			halted: 5 * time.Second, retry: time.Second,
		},
		logger: slog.With("shard", config.Shard),
	}
	s.status.Store(&Status{State: StateStarting})
	s.publisher = newPublisher(config.Witness, m, s.logger)
	return s
}

// Run seals until ctx ends, whatever happens to Postgres meanwhile, and returns nil.
func (s *Sealer) Run(ctx context.Context) error {
	published := make(chan struct{})
	go func() { defer close(published); s.publisher.run(ctx) }()
	defer func() { <-published }()
	for ctx.Err() == nil {
		appended := s.log.Appended()
		before := s.head
		err := s.catchUp(ctx)
		if ctx.Err() != nil {
			return nil
		}
		pause := s.explain(err)
		if err == nil && s.head == before { // where one event was, another one may follow
			s.idle(ctx, appended)
			continue
		}
		sleep(ctx, pause)
	}
	return nil
}

// idle returns when the log may no longer be what is sealed. Whoever else looks after
// the log in this process looks for the sealer too.
func (s *Sealer) idle(ctx context.Context, appended <-chan struct{}) {
	look := s.timing.look
	if s.head != nil && time.Since(s.head.SignedAt) < s.timing.quiet {
		look = s.timing.interval
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-appended:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		head, at := s.log.Sighted()
		if time.Since(at) > look {
			var err error
			if head, err = s.log.Head(ctx); err != nil {
				return // catchUp finds that out, too
			}
		}
		if head.Position != eventstore.Position(s.edge.size) || head.Epoch != s.epoch {
			return
		}
		s.measure(head)
		if look < s.timing.look && time.Since(s.head.SignedAt) >= s.timing.quiet {
			look = s.timing.look
			tick.Reset(look)
		}
	}
}

// errRival: another sealer is at work.
var errRival = errors.New("another sealer is at work")

// catchUp seals all there is.
func (s *Sealer) catchUp(ctx context.Context) error {
	for {
		more, err := s.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// step seals one batch. more says that there are events left.
func (s *Sealer) step(ctx context.Context) (more bool, err error) {
	st, err := readState(ctx, s.pool, s.config.Shard)
	if err != nil {
		return false, halting(err)
	}
	if s.edge == nil || s.edge.size != st.size || s.generation != st.generation {
		rival := s.edge != nil && s.generation == st.generation && s.edge.size < st.size
		if err := s.load(ctx, st); err != nil {
			return false, err
		}
		if rival {
			return false, errRival
		}
	}
	s.epoch = st.epoch
	s.measure(eventstore.Head{Position: eventstore.Position(st.logSize)})
	switch {
	case st.logEpoch != st.epoch:
		return false, halt("the log's epoch was raised from %d to %d", st.epoch, st.logEpoch)
	case st.logSize < st.size:
		return false, halt("the log ends at position %d, the tree at %d", st.logSize, st.size)
	case st.logSize == st.size:
		return false, nil
	}
	leaves, err := s.read(ctx, st)
	if err != nil {
		return false, err
	}
	if err := s.seal(ctx, leaves); err != nil {
		return false, err
	}
	return s.edge.size < st.logSize, nil
}

// read returns the leaf hashes of what follows on the tree. It begins to read at the
// last event that is sealed: a log that was exchanged under us would have another.
func (s *Sealer) read(ctx context.Context, st state) ([]tlog.Hash, error) {
	after := max(0, st.size-1)
	events, err := s.log.ReadAll(ctx, eventstore.Position(after), s.config.Batch+1)
	if err != nil {
		return nil, err
	}
	leaves := make([]tlog.Hash, 0, len(events))
	for i := range events {
		e := &events[i]
		if want := eventstore.Position(after) + eventstore.Position(i) + 1; e.Position != want {
			return nil, halt("there is no event at position %d", want)
		}
		leaf := LeafHash(s.config.Shard, e)
		if int64(e.Position) > st.size {
			leaves = append(leaves, leaf)
		} else if leaf != s.last {
			return nil, halt("the event at position %d is not the one that was sealed", e.Position)
		}
	}
	if len(leaves) == 0 {
		return nil, halt("there is no event at position %d", st.size+1)
	}
	return leaves, nil
}

// seal signs and stores the tree that has grown by leaves.
func (s *Sealer) seal(ctx context.Context, leaves []tlog.Hash) error {
	grown := s.edge.clone()
	g := grown.extend(leaves)
	h := &Head{
		Shard: s.config.Shard, Generation: s.generation, Size: grown.size, Previous: s.edge.size, Epoch: s.epoch,
		Root: grown.root(), SignedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
	s.key.sign(h)
	if err := seal(ctx, s.pool, s.generation, s.edge.size, h, g); err != nil {
		s.edge = nil // whether it was stored is not known, or it was not
		if errors.Is(err, errMoved) {
			return errRival
		}
		return err
	}
	s.edge, s.last, s.head = grown, leaves[len(leaves)-1], h
	s.publisher.tell(s.key.Note(h))
	return nil
}

// load reads the edge of the tree and makes sure that it is what the last head says,
// and that the log still holds the events at it.
func (s *Sealer) load(ctx context.Context, st state) error {
	s.edge = nil
	e, err := signedEdge(ctx, s.pool, s.key, st, s.config.Shard)
	if err != nil {
		return halting(err)
	}
	last, err := s.compare(ctx, st, e)
	if err != nil {
		return err
	}
	s.edge, s.generation, s.epoch, s.last, s.head = e, st.generation, st.epoch, last, st.head
	if st.head != nil {
		s.publisher.tell(s.key.Note(st.head)) // which may not have reached the witness
	}
	return nil
}

// compare makes sure that the log has the events whose leaves are at the edge, and
// returns the last leaf of the tree.
func (s *Sealer) compare(ctx context.Context, st state, e *edge) (last tlog.Hash, err error) {
	if st.size == 0 {
		return last, nil
	}
	hashes := e.tiles[0]
	if len(hashes) == 0 { // the last tile is full
		r := hashReader{ctx: ctx, db: s.pool, shard: s.config.Shard, generation: st.generation, size: st.size}
		if hashes, err = r.ReadHashes([]int64{tlog.StoredHashIndex(0, st.size-1)}); err != nil {
			return last, halting(err)
		}
	}
	from := st.size - int64(len(hashes))
	events, err := s.log.ReadAll(ctx, eventstore.Position(from), len(hashes))
	if err != nil {
		return last, err
	}
	for i, h := range hashes {
		position := from + int64(i) + 1
		switch {
		case i >= len(events) && st.logSize < st.size:
			return last, halt("the log ends at position %d, the tree at %d", st.logSize, st.size)
		case i >= len(events) || int64(events[i].Position) != position:
			return last, halt("there is no event at position %d", position)
		case LeafHash(s.config.Shard, &events[i]) != h:
			return last, halt("the event at position %d is not the one that was sealed", position)
		}
	}
	return hashes[len(hashes)-1], nil
}

// measure says how far the tree is behind the log.
func (s *Sealer) measure(head eventstore.Head) {
	if s.edge == nil {
		return
	}
	s.metrics.TreeSize.Set(float64(s.edge.size))
	s.metrics.TreeLag.Set(max(0, float64(head.Position)-float64(s.edge.size)))
	if s.head != nil {
		s.metrics.TreeHeadAge.Set(time.Since(s.head.SignedAt).Seconds())
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// halted is why a sealer does not go on until an operator has decided.
type halted struct{ reason string }

func (h *halted) Error() string { return h.reason }

func halt(format string, args ...any) error { return &halted{fmt.Sprintf(format, args...)} }

// halting makes a reason to halt of a tree that is damaged.
func halting(err error) error {
	if errors.Is(err, errTile) {
		return &halted{err.Error()}
	}
	return err
}
