package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/retention"
	"github.com/commentd/commentd/httpapi/directory"
)

type eraseCommand struct {
	Ticket   eraseTicket   `cmd:"" help:"Erase a ticket's comments, its chats and its subject. The ticket stays, and so does its history, without a word."`
	Customer eraseCustomer `cmd:"" help:"Erase what a customer wrote, whoever relayed it, their chats, the subjects of the tickets they requested, their name, address and keys."`
	Account  eraseAccount  `cmd:"" help:"Erase everything in an account, and close it for ever."`
}

// erasing is what all erasures have in common.
type erasing struct {
	database
	output
	DryRun bool `help:"Only say what would be erased."`
	Yes    bool `help:"Do not ask whether to go on."`
	Wait   bool `help:"Wait until the keys to what was erased are destroyed, which is done by the role worker."`
}

// An eraseRun is a run of one of the commands. Whatever stops it, the same command goes on
// where it ended.
type eraseRun struct {
	erasing
	env
	*tools
	eraser  *retention.Eraser
	account directory.Account
	scope   retention.Scope
	people  []domain.UserID                        // to be erased
	whole   bool                                   // nothing is erased while anything is held
	close   func(ctx context.Context) (int, error) // keeps people out; returns how many keys were revoked
	forget  func(ctx context.Context) error        // removes what people who are out have left behind; nil: nothing
	report  receipt
}

// Erasing is bound by the log, which takes hundreds of commands at once.
const (
	eraseWidth = 64
	erasePool  = 12
)

// run opens the stores, has prepare say what is to be erased, and erases it.
func (c erasing) run(ctx context.Context, e env, slug string, prepare func(*eraseRun) error) error {
	if !c.DryRun && !c.Yes && !interactive(e.stdin) {
		return &usageError{errors.New("what is erased cannot be brought back: add --dry-run to see what it would be, --yes to erase it")}
	}
	return c.withPool(ctx, e, erasePool, func(t *tools) error {
		account, err := t.directory.ErasedOrNot(ctx, slug)
		if err != nil {
			return err
		}
		x := &eraseRun{
			erasing: c, env: e, tools: t, account: account,
			eraser: retention.NewEraser(t.log, t.pool, 0, eraseWidth),
			scope:  retention.Scope{Account: account.ID},
		}
		x.report.Account, x.report.DryRun = slug, c.DryRun
		if err := prepare(x); err != nil {
			return err
		}
		return x.run(ctx)
	})
}

func (x *eraseRun) run(ctx context.Context) error {
	survey, err := x.eraser.Survey(ctx, x.scope)
	if err != nil {
		return err
	}
	x.report.surveyed(survey, len(x.people))
	switch {
	case x.DryRun:
		return x.report.print(x.stdout, x.output)
	case x.whole && len(survey.Held) > 0:
		return errors.Join(x.report.nothing().print(x.stdout, x.output), x.report.blocked())
	case !x.Yes:
		if err := x.ask(); err != nil {
			return err
		}
	}
	failed := x.erase(ctx, survey.Steps)
	// What was done is told in any case.
	told, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if x.Wait && (failed == nil || len(x.report.Held) > 0) { // what is not held was erased
		failed = errors.Join(failed, x.wait(ctx))
	}
	err = x.countObligations(told)
	return errors.Join(x.report.print(x.stdout, x.output), err, failed)
}

// erase erases, and looks whether all is gone.
func (x *eraseRun) erase(ctx context.Context, steps int) error {
	x.report = *x.report.nothing()
	var err error
	if x.report.Keys, err = x.keepOut(ctx); err != nil {
		return err
	}
	if x.forget != nil {
		if err := x.forget(ctx); err != nil {
			return err
		}
	}
	progress := newBar(x.stderr, "erasing", steps)
	tally, err := x.eraser.EraseScope(ctx, x.scope, progress.step)
	progress.end(err == nil)
	x.report.erased(tally)
	switch {
	case ctx.Err() != nil:
		return errors.New("stopped before the end: the same command goes on from here")
	case err != nil:
		return err
	}
	left, err := x.eraser.Survey(ctx, x.scope)
	if err != nil {
		return err
	}
	x.report.Held = append(x.report.Held[:0], left.Held...)
	if len(left.Held) > 0 {
		return x.report.blocked() // who said it is a part of what is held
	}
	if err := x.erasePeople(ctx); err != nil {
		return err
	}
	if left.Comments > 0 || left.Chats > 0 || left.Subjects > 0 {
		return errors.New("something was written in the meantime: the same command erases it, too")
	}
	x.report.Complete = true
	return nil
}

// believed is for how long a key may be taken for good after it was revoked.
const believed = 1500 * time.Millisecond

// keepOut revokes keys and waits until no instance takes them for good any more.
func (x *eraseRun) keepOut(ctx context.Context) (revoked int, err error) {
	if x.close == nil {
		return 0, nil
	}
	if revoked, err = x.close(ctx); err != nil || revoked == 0 {
		return revoked, err
	}
	select {
	case <-time.After(believed):
		return revoked, nil
	case <-ctx.Done():
		return revoked, ctx.Err()
	}
}

func (x *eraseRun) erasePeople(ctx context.Context) error {
	const chunk = 500
	for rest := x.people; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
		n, err := x.directory.EraseUsers(ctx, x.account.ID, rest[:min(chunk, len(rest))]...)
		x.report.People += n
		if err != nil {
			return err
		}
	}
	return nil
}

// countObligations notes how many keys of the account have yet to be destroyed.
func (x *eraseRun) countObligations(ctx context.Context) error {
	head, err := x.log.Head(ctx)
	if err != nil {
		return err
	}
	x.report.Obligations, err = x.obligations(ctx, head.Position)
	return err
}

func (x *eraseRun) obligations(ctx context.Context, to eventstore.Position) (int, error) {
	texts, err := x.eraser.Obligations(ctx, x.account.ID, to)
	if err != nil {
		return 0, err
	}
	if err := x.directory.Settle(ctx); err != nil {
		return 0, err
	}
	people, err := x.directory.OpenObligations(ctx, x.account.ID)
	return texts + people, err
}

// wait waits until no key to anything that was erased in the account is left.
func (x *eraseRun) wait(ctx context.Context) error {
	head, err := x.log.Head(ctx)
	if err != nil {
		return err
	}
	first, err := x.obligations(ctx, head.Position)
	if err != nil {
		return err
	}
	progress := newBar(x.stderr, "destroying keys", first)
	defer progress.end(false)
	for left := first; left > 0; {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return errors.New("stopped before the keys were destroyed: the role worker goes on without anybody waiting")
		}
		if left, err = x.obligations(ctx, head.Position); err != nil {
			return err
		}
		progress.at(max(0, first-left)) // others may owe more
	}
	return nil
}

// ask has somebody at the terminal confirm what the survey has found.
func (x *eraseRun) ask() error {
	found := x.report
	found.DryRun = true
	if err := found.print(x.stderr, output{}); err != nil {
		return err
	}
	return confirm(x.stdin, x.stderr)
}

// confirm asks whether to go on. The error says that the answer was no.
func confirm(in io.Reader, out io.Writer) error {
	if _, err := fmt.Fprint(out, "What is erased cannot be brought back. Type \"erase\" to go on: "); err != nil {
		return err
	}
	var answer string
	if _, err := fmt.Fscanln(in, &answer); err != nil || answer != "erase" {
		return errors.New("nothing was erased")
	}
	return nil
}
