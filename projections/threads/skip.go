package threads

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore"
)

// skip has the query begin behind the comments that it passes over.
func (r *Reader) skip(ctx context.Context, q *ListQuery) error {
	who, ok := audienceOf(q.Viewer)
	if !ok {
		return nil // which the query itself will find
	}
	s, err := r.snapshot(ctx, who, q, 0, false)
	if err != nil {
		return err
	}
	defer s.close()
	if q.After, err = s.place(ctx, q.Skip); q.After == 0 { // there are fewer
		q.After = 1
		if !q.Desc {
			q.After = 1<<63 - 1
		}
	}
	q.Skip = 0
	return err
}

// place returns the position of the n-th comment that the query asks for, 0 if there
// are fewer.
func (s *snapshot) place(ctx context.Context, n int) (eventstore.Position, error) {
	var places []eventstore.Position
	if !s.exhausted {
		touched := make([]int64, 0, len(s.touched))
		for _, c := range s.touched {
			touched = append(touched, int64(c.position))
		}
		asked := s.who.pageOf(s.q, s.lower, s.upper, n)
		sql := s.who.statements().positions[s.q.filter()][direction(s.down)]
		rows, err := s.conn.Query(ctx, sql, append(asked.args(s.r.shard), touched)...)
		if err != nil {
			return 0, failed(err)
		}
		if places, err = pgx.CollectRows(rows, pgx.RowTo[eventstore.Position]); err != nil {
			return 0, failed(err)
		}
	}
	for _, c := range s.pending {
		places = append(places, c.position)
	}
	if len(places) < n {
		return 0, nil
	}
	slices.SortFunc(places, s.order)
	return places[n-1], nil
}
