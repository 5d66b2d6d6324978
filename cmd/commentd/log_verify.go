package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/threads"
)

type logVerify struct {
	database
	JSON    bool   `name:"json" help:"Print the report as one JSON object."`
	Witness string `help:"Also check the heads in the file of a witness: file:PATH." placeholder:"WHERE"`
	Resume  string `help:"Note in this file how far it has come, and go on from there if it was interrupted." placeholder:"FILE"`
	Bundle  string `help:"Check the bundle of a ticket (commentd ticket export) instead, without any database; - is the standard input." placeholder:"FILE"`
	Key     string `help:"The verifier key (commentd log key) to check a bundle with." placeholder:"KEY"`
}

// mismatchError: what should be the same is not.
type mismatchError struct{ findings int64 }

func (e *mismatchError) Error() string {
	if e.findings == 1 {
		return "one thing is not as it should be"
	}
	return fmt.Sprintf("%d things are not as they should be", e.findings)
}

func (c logVerify) Run(ctx context.Context, e env) error {
	if c.Bundle != "" {
		return c.bundle(e)
	}
	witnessed, err := witnessedHeads(c.Witness)
	if err != nil {
		return err
	}
	return c.with(ctx, e, func(t *tools) error {
		bars := newProgressBars(e.stderr)
		verifier := audit.Verifier{
			Pool: t.pool, Vault: t.vault, Key: audit.NewKey(t.root, 0), Witnessed: witnessed, Resume: c.Resume,
			Follower: threads.NewVerifier(threads.Projection{}),
			Progress: func(stage string, done, total int64) {
				bars.show(projections.Progress{Step: stage, Done: done, Total: total})
			},
		}
		report, err := verifier.Verify(ctx)
		bars.stop()
		if errors.Is(err, context.Canceled) && c.Resume != "" {
			return errors.New("interrupted; run the same command to go on")
		}
		if err != nil {
			return err
		}
		return c.tell(e.stdout, report)
	})
}

func (c logVerify) tell(w io.Writer, r *audit.Report) error {
	if c.JSON {
		if err := json.NewEncoder(w).Encode(r); err != nil {
			return err
		}
		return mismatch(int64(len(r.Findings)) + r.More)
	}
	fmt.Fprintf(w, "%d events of %d tickets, %d comments, %d texts opened\n", r.Position, r.Tickets, r.Comments, r.Contents)
	fmt.Fprintf(w, "%d of them sealed, %d signed heads, %d witnessed\n", r.Sealed, r.Heads, r.Witnessed)
	for _, a := range r.Accepted {
		fmt.Fprintf(w, "accepted at %s: of %d events that were sealed, those after position %d are not in the log any more\n", a.At, a.Sealed, a.Kept)
	}
	return tellFindings(w, r.Findings, r.More)
}

func tellFindings(w io.Writer, findings []audit.Finding, more int64) error {
	for _, f := range findings {
		fmt.Fprintln(w, f)
	}
	if more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	if len(findings) == 0 {
		fmt.Fprintln(w, "everything is as it should be")
	}
	return mismatch(int64(len(findings)) + more)
}

func mismatch(findings int64) error {
	if findings == 0 {
		return nil
	}
	return &mismatchError{findings}
}

// bundle checks a bundle. It needs nothing but the bundle and the key.
func (c logVerify) bundle(e env) error {
	if c.Key == "" {
		return &usageError{errors.New("--bundle needs --key: the verifier key that commentd log key prints where the bundle is from")}
	}
	in := io.Reader(os.Stdin)
	if c.Bundle != "-" {
		file, err := os.Open(c.Bundle)
		if err != nil {
			return &usageError{fmt.Errorf("--bundle: %w", err)}
		}
		defer file.Close()
		in = file
	}
	r, err := audit.CheckBundle(in, strings.TrimSpace(c.Key))
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(r); err != nil {
			return err
		}
		return mismatch(int64(len(r.Findings)))
	}
	fmt.Fprintf(e.stdout, "ticket %s of account %q: %d events in the log of %d events as signed at %s\n", r.Ticket, r.Account, r.Events, r.TreeSize, r.SignedAt)
	fmt.Fprintf(e.stdout, "%d texts are those that the events speak of, %d are withheld, %d were redacted or erased\n", r.Contents, r.Withheld, r.Removed)
	return tellFindings(e.stdout, r.Findings, 0)
}
