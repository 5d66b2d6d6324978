package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/migrations"
)

// library is the product's packages on a database of their own, in this process,
// with an account, an agent and a key.
type library struct {
	name    string // of the database
	url     string
	pool    *pgxpool.Pool // as the product has it
	desk    *pgxpool.Pool // for what the product never asks: its statements take their time
	vault   *vault.Vault
	log     *eventstore.Store
	metrics *metrics.Metrics
	account domain.AccountID
	agent   domain.Actor
	key     string
	acked   atomic.Int64 // comments that this process was told are in the log
}

const benchAccount = "bench"

func (b *bench) newLibrary(ctx context.Context, database string) (*library, error) {
	l := &library{name: database, agent: domain.Actor{Kind: domain.ActorAgent, ID: domain.UserID(bareAuthor)}}
	var err error
	if l.url, err = b.createDatabase(ctx, database); err != nil {
		return nil, err
	}
	if err := migrations.Up(ctx, l.url); err != nil {
		return nil, err
	}
	if l.pool, err = eventstore.Connect(ctx, l.url, productPool); err != nil {
		return nil, err
	}
	if l.desk, err = openPool(ctx, l.url, 2); err != nil {
		l.pool.Close()
		return nil, err
	}
	l.vault = vault.New(vault.NewKeyring(l.pool, b.root))
	l.metrics = metrics.New(prometheus.NewRegistry())
	l.log = eventstore.New(l.pool, l.vault, l.metrics, eventstore.Config{})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- l.log.Run(running) }()
	b.closers = append(b.closers, func() error {
		stop()
		err := <-done
		l.pool.Close()
		l.desk.Close()
		return err
	})
	return l, l.introduce(ctx)
}

// introduce makes the account, its agent and the agent's key.
func (l *library) introduce(ctx context.Context) error {
	people := directory.NewStore(l.pool, l.vault, l.log.Numbers())
	account, err := people.CreateAccount(ctx, benchAccount, directory.Settings{UnknownTickets: directory.RejectUnknownTickets})
	if err != nil {
		return err
	}
	l.account = account.ID
	if _, _, err := people.PutUser(ctx, l.account, l.agent.ID, directory.Profile{Role: directory.RoleAgent, Active: true}); err != nil {
		return err
	}
	scopes := auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.TicketsWrite)
	_, l.key, err = auth.NewStore(l.pool).Create(ctx, auth.NewKey{Account: l.account, UserID: l.agent.ID, Kind: l.agent.Kind, Scopes: scopes})
	return err
}

// openTickets opens n tickets and returns their ids.
func (l *library) openTickets(ctx context.Context, n int) ([]domain.TicketID, error) {
	tickets := make([]domain.TicketID, n)
	err := inParallel(n, func(i int) error {
		tickets[i] = domain.TicketID(uuid.New())
		number, err := l.log.Numbers().Draw(ctx, l.account, domain.NumbersPerWrite)
		if err != nil {
			return err
		}
		_, err = l.log.Execute(ctx, domain.PutTicket{
			Account: l.account, Ticket: tickets[i], By: domain.By{Actor: l.agent},
			Numbers: domain.Numbers{Audit: number, Subject: number + 1},
		}, nil)
		return err
	})
	return tickets, err
}

// fill adds comments to tickets until each has as many more: ticket by ticket over
// and over, as comments come in.
func (l *library) fill(ctx context.Context, tickets []domain.TicketID, each int) error {
	return inParallel(each*len(tickets), func(i int) error {
		return l.comment(ctx, tickets[i%len(tickets)], false)
	})
}

// comment appends one comment. With a receipt it is safe to repeat, as one that
// comes with an Idempotency-Key.
func (l *library) comment(ctx context.Context, ticket domain.TicketID, safe bool) error {
	number, err := l.log.Numbers().Draw(ctx, l.account, domain.NumbersPerWrite)
	if err != nil {
		return err
	}
	id, content := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	cmd := domain.CreateComment{
		Account: l.account, Ticket: ticket, Comment: domain.CommentID(id),
		By: domain.By{Actor: l.agent}, Author: l.agent.Own(), Public: true,
		Text:    &domain.Text{Content: domain.ContentRef{ID: domain.ContentID(content)}, Body: commentText},
		Numbers: domain.Numbers{Audit: number, Subject: number + 1},
	}
	var receipt *eventstore.Receipt
	if safe {
		request := append(ticket[:], commentText...)
		if receipt, err = l.log.Receipt(ctx, l.account, l.agent.ID, "bench", id.String(), request); err != nil {
			return err
		}
	}
	result, err := l.log.Execute(ctx, cmd, receipt)
	switch {
	case err != nil:
		return err
	case !result.Changed:
		return errors.New("the comment was not appended")
	}
	l.acked.Add(1)
	return nil
}

// checkLog checks that the log holds every comment that was acknowledged, by
// whomever, once, and that its positions are dense.
func (b *bench) checkLog(ctx context.Context, pool *pgxpool.Pool, acknowledged int64) error {
	var comments, events, last int64
	err := pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE type = 'comment.created'), count(*), max(position) FROM log.events`).Scan(&comments, &events, &last)
	if err != nil {
		return err
	}
	b.correct.Checked += int(events)
	b.correct.Lost += int(max(0, acknowledged-comments) + last - events)
	if b.correct.Failed == 0 { // else some may be in the log without the caller's knowledge
		b.correct.Doubled += int(max(0, comments-acknowledged))
	}
	return nil
}

// anyOf returns one of the tickets.
func anyOf[T any](tickets []T) T { return tickets[rand.IntN(len(tickets))] }

// fillers is how many things are made at once when many are needed.
const fillers = 1024

// inParallel calls do for 0 to n-1, roughly in that order, and returns the first error.
func inParallel(n int, do func(i int) error) error {
	var mu sync.Mutex
	var failed error
	next := 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= n && failed == nil
	}
	var running sync.WaitGroup
	for range min(fillers, n) {
		running.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				if err := do(i); err != nil {
					mu.Lock()
					failed = errors.Join(failed, fmt.Errorf("fill: %w", err))
					mu.Unlock()
					return
				}
			}
		})
	}
	running.Wait()
	return failed
}
