package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/imports"
)

type importCommand struct {
	Zendesk importZendesk `cmd:"" help:"Take in what Zendesk exports: pages of its API (incremental ticket events, users, tickets, audits) or its JSON export of tickets. What is here already is passed over, so one that was interrupted is run again. Exit code 1: something could not be taken in, or waits for a file. Exit code 3: the report does not add up."`
}

type importZendesk struct {
	database
	hooking
	File             string   `arg:"" help:"The export; - is the standard input, which is read once, where a file is read for its people first." placeholder:"FILE"`
	Account          string   `help:"The account, by slug. Not needed if there is only one." placeholder:"SLUG"`
	Blobs            string   `help:"Where files are kept, as for serve." placeholder:"PLACE"`
	PublicURL        linkBase `name:"public-url" help:"How clients reach this service: images that texts show are then shown from here." placeholder:"URL"`
	NoFiles          bool     `help:"Leave attachments out."`
	WithoutLostFiles bool     `help:"Leave attachments out that cannot be had. Else their comment waits, and what came after it on its ticket."`
	DryRun           bool     `help:"Only read, check and count."`
	JSON             bool     `name:"json" help:"Print the report as one JSON object."`
}

// importLanes is how many tickets are written to at once.
const importLanes = 16

func (c importZendesk) Run(ctx context.Context, e env) error {
	config, err := c.config()
	if err != nil {
		return &usageError{err}
	}
	in, size := e.stdin, int64(0)
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return &usageError{err}
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil {
			size = info.Size()
		}
		in = file
	}
	return c.withPool(ctx, e, importLanes+4, func(t *tools) error {
		if err := c.migrated(ctx); err != nil {
			return err
		}
		if err := t.keyring.Check(ctx); err != nil {
			return fmt.Errorf("root key: %w", err)
		}
		importer, err := c.importer(ctx, t, config)
		if err != nil {
			return err
		}
		bars := newProgressBars(e.stderr)
		err = readTwice(ctx, importer, in, size, bars)
		bars.stop()
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted: what was imported is here, and when this is run again it goes on")
		case err != nil:
			return err
		}
		return c.tell(e, importer.Report())
	})
}

// config is what the flags say, all mistakes at once.
func (c importZendesk) config() (imports.Config, error) {
	guard, err := c.guard()
	errs := []error{err}
	if c.Blobs == "" && !c.NoFiles && !c.DryRun {
		errs = append(errs, errors.New("COMMENTD_BLOBS is not set: the folder or the S3 bucket for files (or --no-files)"))
	} else if _, err := parseBlobs(c.Blobs); c.Blobs != "" && err != nil {
		errs = append(errs, err)
	}
	return imports.Config{
		DryRun: c.DryRun, NoFiles: c.NoFiles, WithoutLostFiles: c.WithoutLostFiles, Guard: guard, PublicURL: string(c.PublicURL), Lanes: importLanes,
	}, errors.Join(errs...)
}

func (c importZendesk) importer(ctx context.Context, t *tools, config imports.Config) (*imports.Importer, error) {
	account, err := c.account(ctx, t)
	if err != nil {
		return nil, err
	}
	config.FileTokens = vault.NewFileTokens(t.root)
	var kept *files.Store
	if !c.NoFiles && !c.DryRun {
		place, err := parseBlobs(c.Blobs)
		if err != nil {
			return nil, err
		}
		blobs, err := place.open(ctx)
		if err != nil {
			return nil, err
		}
		kept = files.New(t.log, t.pool, t.vault, blobs, files.Config{})
	}
	return imports.New(t.log, t.directory, kept, account, config), nil
}

func (c importZendesk) account(ctx context.Context, t *tools) (directory.Account, error) {
	if c.Account != "" {
		return t.directory.AccountBySlug(ctx, c.Account)
	}
	accounts, err := t.directory.Accounts(ctx)
	if err != nil {
		return directory.Account{}, err
	}
	accounts = slices.DeleteFunc(accounts, func(a directory.Account) bool { return a.ErasedAt != nil })
	if len(accounts) != 1 {
		return directory.Account{}, &usageError{errors.New("--account is needed: there is not just one")}
	}
	return accounts[0], nil
}

// readTwice reads a file, first for the people in it. What has no size, as the standard input and
// pipes, is read once.
func readTwice(ctx context.Context, importer *imports.Importer, in io.Reader, size int64, bars *progressBars) error {
	counted := func(step string) io.Reader { return &countedReader{in: in, step: step, total: size, bars: bars} }
	if file, ok := in.(io.Seeker); ok && size > 0 {
		if err := importer.Introduce(ctx, counted("people")); err != nil {
			return err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	return importer.Import(ctx, counted("imported"))
}

func (c importZendesk) tell(e env, r imports.Report) error {
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(r); err != nil {
			return err
		}
	} else if err := tellReport(e.stdout, &r); err != nil {
		return err
	}
	if wrong := r.Unreconciled(); len(wrong) > 0 {
		for _, kind := range wrong {
			fmt.Fprintln(e.stderr, kind)
		}
		return &mismatchError{int64(len(wrong))}
	}
	if r.Incomplete() {
		return errors.New("not all that is in the file is here")
	}
	return nil
}

// tellReport prints a report for people.
func tellReport(w io.Writer, r *imports.Report) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	done := "WRITTEN"
	if r.DryRun {
		done = "TO WRITE"
	}
	fmt.Fprintln(table, "\tIN FILE\t"+done+"\tTHERE ALREADY\tCONTAINED\tNOT CARRIED\tWAITING\tREFUSED")
	for _, k := range r.Kinds() {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", k.Name, k.InFile, k.Written, k.There, k.Contained, k.Left(), k.Waiting, k.Refused)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, k := range r.Kinds() {
		for _, reason := range slices.Sorted(maps.Keys(k.NotCarried)) {
			fmt.Fprintf(w, "not carried: %s: %s: %d\n", k.Name, reason, k.NotCarried[reason])
		}
	}
	if r.Hidden > 0 {
		fmt.Fprintf(w, "%d comments that were public here are internal notes now, as they are there\n", r.Hidden)
	}
	if r.NewNumbers > 0 {
		fmt.Fprintf(w, "%d tickets and people have other numbers than they had\n", r.NewNumbers)
	}
	if r.Unreadable > 0 {
		fmt.Fprintf(w, "%d passages could not be read\n", r.Unreadable)
	}
	for _, m := range r.Mistakes {
		fmt.Fprintf(w, "%s: %s\n", m.Place, m.Reason)
	}
	return nil
}
