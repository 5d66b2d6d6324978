package threads

import (
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore"
)

// passed returns how many comments that the query asks for lie before its From.
func (r *Reader) passed(ctx context.Context, q ListQuery) (int, error) {
	who, ok := audienceOf(q.Viewer)
	if !ok || q.From == 0 {
		return 0, nil // who may see nothing is found out by the query itself
	}
	q.From, q.Before, q.Desc, q.Limit = 0, q.From+1, false, 0
	s, err := r.snapshot(ctx, who, &q, 0, false)
	if err != nil {
		return 0, err
	}
	defer s.close()
	places, err := s.places(ctx, math.MaxInt32)
	return len(places), err
}

// skip has the query begin behind the comments that it passes over.
func (r *Reader) skip(ctx context.Context, q *ListQuery) error {
	who, ok := audienceOf(q.Viewer)
	if !ok || q.Skip == 0 {
		return nil // as in passed
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
	places, err := s.places(ctx, n)
	if err != nil || len(places) < n {
		return 0, err
	}
	slices.SortFunc(places, s.order)
	return places[n-1], nil
}

// places returns the positions of the comments that the query asks for: those of the first
// n, and perhaps some others.
func (s *snapshot) places(ctx context.Context, n int) (places []eventstore.Position, err error) {
	if !s.exhausted {
		touched := make([]int64, 0, len(s.touched))
		for _, c := range s.touched {
			touched = append(touched, int64(c.position))
		}
		asked := s.who.pageOf(s.q, s.lower, s.upper, n)
		sql := s.who.statements().positions[s.q.filter()][direction(s.down)]
		rows, err := s.conn.Query(ctx, sql, append(asked.args(s.r.shard), touched)...)
		if err != nil {
			return nil, failed(err)
		}
		if places, err = pgx.CollectRows(rows, pgx.RowTo[eventstore.Position]); err != nil {
			return nil, failed(err)
		}
	}
	for _, c := range s.pending {
		places = append(places, c.position)
	}
	return places, nil
}
