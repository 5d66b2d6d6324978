package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/domain"
)

// The floors are what the product is measured against: the same work with all left
// out that makes it a comment service, written as anybody would write it at first.
// They are as durable as the product: the server's settings are the same, and none
// of these sessions changes them.

// bareSchema is one row per comment, found by its id and by its ticket.
const bareSchema = `
CREATE TABLE comments (
    id         uuid        PRIMARY KEY,
    ticket_id  uuid        NOT NULL,
    author_id  uuid        NOT NULL,
    internal   boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    body       text        NOT NULL
);
CREATE INDEX comments_ticket_idx ON comments (ticket_id, created_at);`

// bareRow is a row of it, and its JSON.
type bareRow struct {
	ID        uuid.UUID `json:"id"`
	TicketID  uuid.UUID `json:"ticket_id"`
	AuthorID  uuid.UUID `json:"author_id"`
	Internal  bool      `json:"is_internal"`
	CreatedAt time.Time `json:"created_at"`
	Body      string    `json:"content"`
}

// bareAuthor has written all bare rows.
var bareAuthor = uuid.MustParse("00000000-0000-7000-8000-000000000001")

func newBareRow(ticket uuid.UUID, body string) bareRow {
	return bareRow{ID: uuid.Must(uuid.NewV7()), TicketID: ticket, AuthorID: bareAuthor, CreatedAt: time.Now(), Body: body}
}

const insertOne = "INSERT INTO comments (id, ticket_id, author_id, internal, created_at, body) VALUES ($1, $2, $3, $4, $5, $6)"

// insertBare is a durable insert of a single row.
func insertBare(ctx context.Context, pool *pgxpool.Pool, r bareRow) error {
	_, err := pool.Exec(ctx, insertOne, r.ID, r.TicketID, r.AuthorID, r.Internal, r.CreatedAt, r.Body)
	return err
}

const listAfter = "SELECT id, ticket_id, author_id, internal, created_at, body FROM comments WHERE ticket_id = $1 AND created_at > $2 ORDER BY created_at LIMIT $3"

// listBare is one indexed query.
func listBare(ctx context.Context, pool *pgxpool.Pool, ticket uuid.UUID, after time.Time, limit int) ([]bareRow, error) {
	rows, err := pool.Query(ctx, listAfter, ticket, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[bareRow])
}

// groupCommit inserts the rows of many callers in one statement: those that came
// while the statement before was under way.
type groupCommit struct {
	pool *pgxpool.Pool
	in   chan groupRow
}

type groupRow struct {
	row  bareRow
	done chan error
}

const groupMax = 256

func newGroupCommit(pool *pgxpool.Pool) *groupCommit {
	return &groupCommit{pool: pool, in: make(chan groupRow, groupMax)}
}

// insert returns when the row is durable.
func (g *groupCommit) insert(ctx context.Context, r bareRow) error {
	done := make(chan error, 1)
	select {
	case g.in <- groupRow{r, done}:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-done
}

// run inserts until in is closed.
func (g *groupCommit) run(ctx context.Context) {
	for first := range g.in {
		batch := append(make([]groupRow, 0, groupMax), first)
	gather:
		for len(batch) < groupMax {
			select {
			case next, ok := <-g.in:
				if !ok {
					break gather
				}
				batch = append(batch, next)
			default:
				break gather
			}
		}
		err := g.write(ctx, batch)
		for _, r := range batch {
			r.done <- err
		}
	}
}

const insertMany = `INSERT INTO comments (id, ticket_id, author_id, internal, created_at, body)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::timestamptz[], $6::text[])`

func (g *groupCommit) write(ctx context.Context, batch []groupRow) error {
	n := len(batch)
	ids, tickets, authors := make([]uuid.UUID, n), make([]uuid.UUID, n), make([]uuid.UUID, n)
	internal, at, bodies := make([]bool, n), make([]time.Time, n), make([]string, n)
	for i, b := range batch {
		r := b.row
		ids[i], tickets[i], authors[i], internal[i], at[i], bodies[i] = r.ID, r.TicketID, r.AuthorID, r.Internal, r.CreatedAt, r.Body
	}
	_, err := g.pool.Exec(ctx, insertMany, ids, tickets, authors, internal, at, bodies)
	return err
}

// fillBare copies rows of each of the tickets into the table, ticket by ticket over
// and over, as comments come in.
func fillBare(ctx context.Context, pool *pgxpool.Pool, tickets []uuid.UUID, each int) error {
	var row bareRow
	i := 0
	source := pgx.CopyFromFunc(func() ([]any, error) {
		if i == each*len(tickets) {
			return nil, nil
		}
		row = newBareRow(tickets[i%len(tickets)], commentText)
		i++
		return []any{row.ID, row.TicketID, row.AuthorID, row.Internal, row.CreatedAt, row.Body}, nil
	})
	columns := []string{"id", "ticket_id", "author_id", "internal", "created_at", "body"}
	if _, err := pool.CopyFrom(ctx, pgx.Identifier{"comments"}, columns, source); err != nil {
		return fmt.Errorf("fill the bare table: %w", err)
	}
	return nil
}

// bareCursors returns the times of n-1 places in a ticket after which a page begins, as
// the paths of those pages.
func bareCursors(ctx context.Context, pool *pgxpool.Pool, ticket domain.TicketID, n int) ([]string, error) {
	rows, err := pool.Query(ctx, `
SELECT created_at
FROM (SELECT created_at, row_number() OVER (ORDER BY created_at) AS place FROM comments WHERE ticket_id = $1) AS c
WHERE place % $2 = 0 ORDER BY created_at LIMIT $3`, uuid.UUID(ticket), zendeskPage, n-1)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (path string, err error) {
		var at time.Time
		err = row.Scan(&at)
		return floorPage(ticket, at, zendeskPage), err
	})
}
