package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/transfer"
	"github.com/commentd/commentd/projections"
)

type logExport struct {
	database
	From     int64  `default:"1" help:"Position of the first event."`
	To       int64  `help:"Position of the last event; the rest of its write comes with it. The end of the log if not given." placeholder:"POSITION"`
	Output   string `short:"o" default:"-" help:"File to write to; one that an export has left, finished or not, is gone on with. - is the standard output." placeholder:"FILE"`
	Contents bool   `help:"With all texts that there are, and the names and addresses of people, in the clear: only so can it be imported. No redaction reaches the copy."`
}

func (c logExport) Run(ctx context.Context, e env) error {
	if c.From < 1 || c.To != 0 && c.To < c.From {
		return &usageError{errors.New("--from and --to are positions: 1 or more, and in this order")}
	}
	what := transfer.Range{From: eventstore.Position(c.From), To: eventstore.Position(c.To), Contents: c.Contents}
	return c.with(ctx, e, func(t *tools) error {
		bars := newProgressBars(e.stderr)
		defer bars.stop()
		exporter := &transfer.Exporter{
			Log: t.log, Pool: t.pool, Tree: audit.NewReader(t.pool, audit.NewKey(t.root, 0), 0), Directory: t.directoryGiver(c.Contents),
			Sealed: whenSealed,
			Progress: func(done, total int64) {
				bars.show(projections.Progress{Step: "exported", Done: done, Total: total})
			},
		}
		if c.Output == "-" {
			w := bufio.NewWriter(e.stdout)
			return errors.Join(exporter.Export(ctx, w, what), w.Flush())
		}
		return c.toFile(ctx, exporter, what)
	})
}

// toFile writes a file that only its owner can read, or goes on in it.
func (c logExport) toFile(ctx context.Context, exporter *transfer.Exporter, what transfer.Range) error {
	device, err := openDevice(c.Output)
	if err != nil {
		return &usageError{err}
	}
	if device != nil {
		return writeAll(device, func(w io.Writer) error { return exporter.Export(ctx, w, what) })
	}
	file, err := os.OpenFile(c.Output, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &usageError{err}
	}
	if err := file.Chmod(0o600); err != nil { // it may have been there
		return &usageError{errors.Join(err, file.Close())}
	}
	buffered := &bufferedFile{File: file, w: bufio.NewWriterSize(file, 1<<20)}
	err = exporter.Continue(ctx, buffered, what)
	if errors.Is(err, transfer.ErrOther) {
		err = &usageError{err}
	}
	return errors.Join(err, buffered.w.Flush(), file.Sync(), file.Close())
}

// bufferedFile is a file that is written by and by.
type bufferedFile struct {
	*os.File
	w *bufio.Writer
}

func (f *bufferedFile) Write(b []byte) (int, error) { return f.w.Write(b) }
