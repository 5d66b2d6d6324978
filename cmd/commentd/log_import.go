package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/transfer"
	"github.com/commentd/commentd/projections"
)

type logImport struct {
	database
	File  string `arg:"" help:"What commentd log export --contents has written; - is the standard input, which is checked as it is read, where a file is checked first." placeholder:"FILE"`
	Key   string `help:"The verifier key (commentd log key) of where it comes from. Needed if the root key here is another one." placeholder:"KEY"`
	Check bool   `help:"Only check it. Neither a database nor, with --key, a root key is needed."`
	JSON  bool   `name:"json" help:"Print the report as one JSON object."`
}

func (c logImport) Run(ctx context.Context, e env) error {
	in, size := io.Reader(os.Stdin), int64(0)
	var file *os.File
	if c.File != "-" {
		var err error
		if file, err = os.Open(c.File); err != nil {
			return &usageError{err}
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil {
			size = info.Size()
		}
		in = file
	}
	key := strings.TrimSpace(c.Key)
	if key == "" {
		root, err := e.rootKey()
		if err != nil {
			return err
		}
		key = audit.NewKey(root, 0).String()
	}
	bars := newProgressBars(e.stderr)
	defer bars.stop()
	counted := func(step string) io.Reader { return &countedReader{in: in, step: step, total: size, bars: bars} }
	tell := func(report transfer.Report, err error) error {
		bars.stop()
		if err != nil {
			return err
		}
		return c.tell(e.stdout, report)
	}
	if c.Check || file != nil {
		report, err := transfer.Check(ctx, counted("checked"), key)
		if err != nil || c.Check {
			return tell(report, err)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	return c.with(ctx, e, func(t *tools) error {
		if err := c.migrated(ctx); err != nil {
			return err
		}
		if err := t.keyring.Check(ctx); err != nil {
			return fmt.Errorf("root key: %w", err)
		}
		importer := &transfer.Importer{Log: t.log, Pool: t.pool, Vault: t.vault, Directory: t.restoreEntry}
		return tell(importer.Import(ctx, counted("imported"), key))
	})
}

func (c logImport) tell(w io.Writer, r transfer.Report) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	fmt.Fprintf(w, "events %d to %d, %d texts, %d entries of the directory\n", r.From, r.To, r.Contents, r.Directory)
	if r.HeadProved {
		fmt.Fprintf(w, "they are those of the log of %d events whose head was signed at %s\n", r.TreeSize, r.SignedAt)
	}
	if !c.Check {
		fmt.Fprintf(w, "%d events are new here\n", r.New)
	}
	if r.Files {
		fmt.Fprintln(w, "texts name files: copy the place of the blobs as well (COMMENTD_BLOBS)")
	}
	return nil
}

// countedReader shows how much of a file was read.
type countedReader struct {
	in          io.Reader
	step        string
	done, total int64
	bars        *progressBars
}

func (r *countedReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.done += int64(n)
	r.bars.show(projections.Progress{Step: r.step, Done: r.done, Total: r.total})
	return n, err
}
