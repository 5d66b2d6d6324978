package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/audit"
)

type ticketExport struct {
	database
	Ticket          string `arg:"" help:"The ticket, by UUID."`
	Account         string `required:"" help:"The account, by slug."`
	Output          string `short:"o" default:"-" help:"File to write to; - is the standard output." placeholder:"FILE"`
	WithoutContents bool   `help:"Leave the texts out: events and proofs alone."`
}

// sealingPatience is for how long an export waits for the last events to be sealed.
const sealingPatience = 10 * time.Second

func (c ticketExport) Run(ctx context.Context, e env) error {
	ticket, err := domain.ParseTicketID(c.Ticket)
	if err != nil {
		return &usageError{fmt.Errorf("the ticket is %w", err)}
	}
	return c.with(ctx, e, func(t *tools) error {
		account, err := t.directory.AccountBySlug(ctx, c.Account)
		if err != nil {
			return err
		}
		tree := audit.NewReader(t.pool, audit.NewKey(t.root, 0), 0)
		what := audit.Export{Account: account.ID, Slug: account.Slug, Ticket: ticket, Contents: !c.WithoutContents}
		if err := whenSealed(ctx, func() error {
			return tree.Export(ctx, io.Discard, t.vault, audit.Export{Account: what.Account, Ticket: ticket})
		}); err != nil {
			return err
		}
		if c.Output == "-" {
			return tree.Export(ctx, e.stdout, t.vault, what)
		}
		return whenSealed(ctx, func() error { // something may have happened since
			return writeBundle(c.Output, func(w io.Writer) error { return tree.Export(ctx, w, t.vault, what) })
		})
	})
}

// whenSealed tries until what has just been written is sealed.
func whenSealed(ctx context.Context, try func() error) error {
	for deadline := time.Now().Add(sealingPatience); ; {
		err := try()
		if !errors.Is(err, audit.ErrNotSealed) {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("the last events are not sealed: is there a process of role worker (see its /readyz), or does more happen there every second?")
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// writeBundle writes a file that only its owner can read: texts are in it. It takes the
// place of an older one only once it is whole.
func writeBundle(name string, write func(io.Writer) error) error {
	device, err := openDevice(name)
	if err != nil {
		return err
	}
	if device != nil {
		return writeAll(device, write)
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".bundle-*") // of mode 0600
	if err != nil {
		return err
	}
	if err := writeAll(file, write); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), name)
}

// openDevice opens what is not a file but a terminal or a pipe; nil: it is a file, or is not
// there. It only writes: a pipe that is open for reading, too, never waits for its reader,
// and never learns that it is gone.
func openDevice(name string) (*os.File, error) {
	if info, err := os.Stat(name); err != nil || info.Mode().IsRegular() {
		return nil, nil
	}
	return os.OpenFile(name, os.O_WRONLY, 0)
}

func writeAll(file *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriter(file)
	return errors.Join(write(w), w.Flush(), file.Close())
}
