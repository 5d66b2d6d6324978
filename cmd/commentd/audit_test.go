package main

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// audit checks, when nobody writes any more, that the log is whole, and that the
// stream, the read model and what the APIs show are what the log says. The stream
// and the read model are given time to catch up; the APIs are not.
func (p *production) audit(t *testing.T, l *ledger, apis ...string) {
	t.Helper()
	pool, err := eventstore.Connect(t.Context(), p.postgres, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	log := readLog(t, pool)
	checkDense(t, pool, log)
	threads := foldLog(t, log)
	p.openTexts(t, pool, threads)
	for _, api := range apis {
		for ticket, thread := range threads {
			if got, want := listed(t, api, l.key, ticket.String()), thread.shown(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s shows of ticket %s:\n%+v\nthe log says:\n%+v", api, ticket, got, want)
			}
		}
	}
	eventually(t, func() error { return sameReadModel(t.Context(), pool, threads) })
	p.checkStream(t, log)
}

// logged is an event as its row says.
type logged struct {
	Position, PrevInPartition int64
	RecordedAt                time.Time
	Epoch, Account, Version   int32
	Internal                  bool
	ID, Ticket                uuid.UUID
	Comment                   *uuid.UUID
	Type                      string
	Data                      []byte
}

func readLog(t *testing.T, db *pgxpool.Pool) []logged {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT position, prev_in_partition, recorded_at, epoch, account_id, version,
		internal, event_id, ticket_id, comment_id, type, data FROM log.events ORDER BY position`)
	if err != nil {
		t.Fatal(err)
	}
	log, err := pgx.CollectRows(rows, pgx.RowToStructByPos[logged])
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// checkDense checks positions, versions, the chains of partitions, the time, and
// the heads that have been told of them.
func checkDense(t *testing.T, db *pgxpool.Pool, log []logged) {
	t.Helper()
	type stream struct {
		account int32
		ticket  uuid.UUID
	}
	versions := map[stream]int32{}
	partitions := make([]int64, domain.Partitions)
	events := map[uuid.UUID]bool{}
	var before time.Time
	for i, e := range log {
		s := stream{e.Account, e.Ticket}
		part := domain.Partition(domain.AccountID(e.Account), domain.TicketID(e.Ticket))
		versions[s]++
		if e.Position != int64(i+1) || e.Version != versions[s] || e.PrevInPartition != partitions[part] ||
			e.RecordedAt.Before(before) || events[e.ID] {
			t.Errorf("event %d of the log is %+v; its stream is at %d, its partition at %d", i+1, e, versions[s], partitions[part])
		}
		partitions[part], before, events[e.ID] = e.Position, e.RecordedAt, true
	}
	var head int64
	var ends []int64
	if err := db.QueryRow(t.Context(), "SELECT position, partition_positions FROM log.heads").Scan(&head, &ends); err != nil {
		t.Fatal(err)
	}
	if head != int64(len(log)) || !slices.Equal(ends, partitions) {
		t.Errorf("the head is at %d, %v; the log ends at %d, %v", head, ends, len(log), partitions)
	}
	rows, err := db.Query(t.Context(), "SELECT account_id, ticket_id, version FROM log.tickets")
	if err != nil {
		t.Fatal(err)
	}
	heads := map[stream]int32{}
	var s stream
	var version int32
	if _, err := pgx.ForEachRow(rows, []any{&s.account, &s.ticket, &version}, func() error {
		heads[s] = version
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(heads, versions) {
		t.Errorf("the tickets are at %v, the log has them at %v", heads, versions)
	}
}

// checkStream waits until the stream has what the log has, and compares: message n
// is event n, none is missing.
func (p *production) checkStream(t *testing.T, log []logged) {
	t.Helper()
	nc, err := nats.Connect(p.nats.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	var stream jetstream.Stream
	eventually(t, func() error {
		if stream, err = js.Stream(t.Context(), "COMMENTD_LOG"); err != nil {
			return err
		}
		if s := stream.CachedInfo().State; s.FirstSeq != 1 || s.LastSeq != uint64(len(log)) || s.Msgs != uint64(len(log)) {
			return fmt.Errorf("the stream has %d messages from %d to %d, the log ends at %d", s.Msgs, s.FirstSeq, s.LastSeq, len(log))
		}
		return nil
	})
	consumer, err := stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	for _, e := range log {
		m, err := messages.Next(jetstream.NextContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := m.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		if meta.Sequence.Stream != uint64(e.Position) || m.Headers().Get("ce-id") != e.ID.String() || !bytes.Equal(m.Data(), e.Data) {
			t.Fatalf("message %d is %v %s; event %d is %+v", meta.Sequence.Stream, m.Headers(), m.Data(), e.Position, e)
		}
	}
}
