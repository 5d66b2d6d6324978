package threads

import (
	"context"
	_ "embed"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections"
)

type position = eventstore.Position

var (
	//go:embed sql/tickets_by_number.sql
	ticketsByNumberText string
	//go:embed sql/tickets_by_time.sql
	ticketsByTimeText string
	//go:embed sql/tickets_of_requester.sql
	ticketsOfRequesterText string
	//go:embed sql/tickets_counted.sql
	ticketsCountedText string
	//go:embed sql/tickets_moved.sql
	ticketsMovedSQL string
	//go:embed sql/tickets_numbered.sql
	ticketsNumberedSQL string
)

// Each list is read by an index of its own.
var (
	ofAnybody = strings.NewReplacer("{account}", "account_id + 0", "{requester}", "")
	ofOne     = strings.NewReplacer("{account}", "account_id", "{requester}", "AND requester_id = $7 AND ($8::text[] IS NULL OR status = ANY ($8))")
	oneCounts = strings.NewReplacer("{account}", "account_id", "{requester}", "AND requester_id = $4 AND ($5::text[] IS NULL OR status = ANY ($5))")
)

// ticketsCountedSQL is of anybody, of one.
var ticketsCountedSQL = [2]string{ofAnybody.Replace(ticketsCountedText), oneCounts.Replace(ticketsCountedText)}

// ticketsByNumberSQL is of anybody, of one; by direction.
var ticketsByNumberSQL = [2][2]string{
	directed(ofAnybody.Replace(ticketsByNumberText)), directed(ofOne.Replace(ticketsByNumberText)),
}

// times are the columns of an order of time, by the class of the audience.
var times = [2]map[TicketOrder]string{
	{ByOpened: "opened_at", ByUpdated: "updated_at"},
	{ByOpened: "opened_at", ByUpdated: "public_updated_at"},
}

// ticketsByTimeSQL is by direction.
func ticketsByTimeSQL(order TicketOrder) [2]string {
	return directed(strings.ReplaceAll(ticketsByTimeText, "{time}", times[0][order]))
}

// ticketsOfRequesterSQL is by direction.
func ticketsOfRequesterSQL(who audience, order TicketOrder) [2]string {
	return directed(strings.ReplaceAll(ticketsOfRequesterText, "{time}", times[who.class()][order]))
}

func directed(sql string) [2]string {
	return [2]string{strings.ReplaceAll(sql, "{direction}", "ASC"), strings.ReplaceAll(sql, "{direction}", "DESC")}
}

// statuses is the argument that restricts a list to some.
func (q *TicketQuery) statuses() []string {
	var texts []string
	for _, s := range q.Statuses {
		texts = append(texts, string(s))
	}
	return texts
}

// byNumber returns the tickets of the page, and one more if there is any.
func (l *ticketList) byNumber(ctx context.Context) ([]domain.TicketID, error) {
	lower, upper := l.bounds()
	if upper.Number == 0 {
		upper.Number = math.MaxInt64
	}
	args := []any{l.r.shard, l.account, lower.Number, upper.Number, l.Limit + 1, l.Skip}
	sql := ticketsByNumberSQL[0]
	if l.requester.Valid {
		sql, args = ticketsByNumberSQL[1], append(args, l.requester, l.statuses())
	}
	return l.ids(ctx, sql[direction(l.down())], args...)
}

// ids returns the tickets that a statement finds.
func (l *ticketList) ids(ctx context.Context, sql string, args ...any) ([]domain.TicketID, error) {
	rows, err := l.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, failed(err)
	}
	ids, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id domain.TicketID, err error) {
		var read pgtype.UUID
		err = row.Scan(&read)
		return read.Bytes, err
	})
	if err != nil {
		return nil, failed(err)
	}
	return ids, nil
}

// count returns how many tickets the query matches, up to MaxTotal.
func (l *ticketList) count(ctx context.Context) (n int, err error) {
	sql, args := ticketsCountedSQL[0], []any{l.r.shard, l.account, MaxTotal}
	if l.requester.Valid {
		sql, args = ticketsCountedSQL[1], append(args, l.requester, l.statuses())
	}
	if err := l.conn.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		return 0, failed(err)
	}
	return n, nil
}

// ends finds the tickets that bound an order of time, nil where there is no bound.
func (l *ticketList) ends(ctx context.Context) (lower, upper *standing, err error) {
	from, to := l.bounds()
	numbered, err := numbered(ctx, l.conn, l.r.shard, l.account, audience{}, from.Number, to.Number)
	if err != nil {
		return nil, nil, err
	}
	for end, p := range map[**standing]TicketPlace{&lower: from, &upper: to} {
		if p != (TicketPlace{}) {
			*end = &standing{id: numbered[p.Number], at: p.At}
		}
	}
	return lower, upper, nil
}

// byTime returns the first tickets between two ends by what the rows know of them.
func (l *ticketList) byTime(ctx context.Context, lower, upper *standing, limit int) ([]standing, error) {
	first, least := pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, pgtype.UUID{Valid: true}
	if lower != nil {
		first, least = pgtype.Timestamptz{Time: lower.at, Valid: true}, asID(lower.id)
	}
	last, greatest := pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, pgtype.UUID{Valid: true}
	if upper != nil {
		last, greatest = pgtype.Timestamptz{Time: upper.at, Valid: true}, asID(upper.id)
	}
	args := []any{l.r.shard, l.account, first, least, last, greatest, limit}
	sql := ticketsByTimeSQL(l.Order)
	if l.requester.Valid {
		sql, args = ticketsOfRequesterSQL(l.who, l.Order), append(args, l.requester, l.statuses())
	}
	rows, err := l.conn.Query(ctx, sql[direction(l.down())], args...)
	if err != nil {
		return nil, failed(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s standing, err error) {
		var id pgtype.UUID
		err = row.Scan(&id, &s.at)
		s.id, s.at = id.Bytes, s.at.UTC()
		return s, err
	})
	if err != nil {
		return nil, failed(err)
	}
	return all, nil
}

// late returns the tickets of which the rows may not know the latest: those that the
// projector has yet to come to, and those that it had to leave.
func (l *ticketList) late(ctx context.Context) ([]domain.TicketID, error) {
	ids, err := l.ids(ctx, ticketsMovedSQL, l.r.shard, l.account, l.applied)
	if err != nil {
		return nil, err
	}
	left, err := projections.Quarantined(ctx, l.conn, Name, l.r.shard, l.account)
	if err != nil {
		return nil, failed(err)
	}
	return append(ids, left...), nil
}

// TicketsByNumber is TicketByNumber of many. What is no ticket's number is left out.
func (r *Reader) TicketsByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, numbers ...int64) (map[int64]domain.TicketID, error) {
	who, ok := audienceOf(viewer)
	if !ok {
		return nil, domain.ErrTicketNotFound
	}
	return numbered(ctx, r.pool, r.shard, account, who, numbers...)
}

func numbered(ctx context.Context, db querier, shard int16, account domain.AccountID, who audience, numbers ...int64) (map[int64]domain.TicketID, error) {
	rows, err := db.Query(ctx, ticketsNumberedSQL, numbers, shard, account, who.requester)
	if err != nil {
		return nil, failed(err)
	}
	found := make(map[int64]domain.TicketID, len(numbers))
	var number int64
	var id pgtype.UUID
	if _, err := pgx.ForEachRow(rows, []any{&number, &id}, func() error {
		found[number] = id.Bytes
		return nil
	}); err != nil {
		return nil, failed(err)
	}
	return found, nil
}
