package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// measureSpace is what an event takes on disk, against a bare row with two indexes.
func (b *bench) measureSpace(ctx context.Context, large *library) ([]result, error) {
	_, bare, err := b.bareDatabase(ctx, "large_floor")
	if err != nil {
		return nil, err
	}
	tickets := make([]uuid.UUID, max(1, b.Events/perTicket))
	for i := range tickets {
		tickets[i] = uuid.New()
	}
	if err := fillBare(ctx, bare, tickets, perTicket); err != nil {
		return nil, err
	}
	var bareBytes float64
	err = bare.QueryRow(ctx, "SELECT pg_total_relation_size('comments') / count(*)::float8 FROM comments").Scan(&bareBytes)
	if err != nil {
		return nil, err
	}
	parts, err := spaceByPart(ctx, large.desk)
	if err != nil {
		return nil, err
	}
	total := 0.0
	for _, p := range parts {
		total += p.bytes
	}
	results := []result{versus("H", "log on disk per event", "bytes", series{total}, "bare row with two indexes", series{bareBytes}, atMost(2))}
	for _, p := range parts {
		results = append(results, absolute("H", "… of which "+p.name, "bytes", series{p.bytes}, nil))
	}
	return results, nil
}

type part struct {
	name  string
	bytes float64 // per event
}

// spaceByPart splits what the log takes by table and index, the largest first.
func spaceByPart(ctx context.Context, pool *pgxpool.Pool) ([]part, error) {
	rows, err := pool.Query(ctx, `
		SELECT CASE WHEN c.relkind = 'i' THEN 'index ' ELSE 'table log.' END || c.relname AS name,
		       CASE WHEN c.relkind = 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END
		           / (SELECT count(*) FROM log.events)::float8 AS bytes
		  FROM pg_class c
		 WHERE c.relnamespace = 'log'::regnamespace AND c.relkind IN ('r', 'i')
		 ORDER BY bytes DESC`)
	if err != nil {
		return nil, err
	}
	var parts []part
	defer rows.Close()
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.name, &p.bytes); err != nil {
			return nil, err
		}
		if p.bytes >= 0.5 {
			parts = append(parts, p)
		}
	}
	return parts, rows.Err()
}
