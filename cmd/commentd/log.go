package main

import (
	"context"
	"fmt"

	"github.com/commentd/commentd/eventstore"
)

type logCommand struct {
	Head       logHead       `cmd:"" help:"Say where the log ends."`
	Verify     logVerify     `cmd:"" help:"Check the whole log: that it is whole, that it is the one that was sealed, that every text is the one its event speaks of, and that all that was made of it is what it comes to. Exit code 3: something is not."`
	Export     logExport     `cmd:"" help:"Write the log to a file: the history and its proof or, with --contents, all that is needed to have the same log elsewhere."`
	Import     logImport     `cmd:"" help:"Make the same log of an exported one: the same positions, the same tree. One that was interrupted goes on. Exit code 3: the file is not what it should be, and the line is named."`
	Key        logKey        `cmd:"" help:"Print the public key that signed tree heads, and bundles, are checked with."`
	RaiseEpoch logRaiseEpoch `cmd:"" help:"Declare, after a restore or failover lost the tail of the log, that the shorter log is the truth. The relay then rebuilds the stream; nothing is sealed before accept-loss."`
	AcceptLoss logAcceptLoss `cmd:"" help:"Declare that the log is the truth although it is not the one that was sealed: events were lost, or its epoch was raised. A new generation of the tree begins; what was signed before stays, and verify tells of it."`
}

type logHead struct {
	database
	output
}

func (c logHead) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		head, err := t.log.Head(ctx)
		if err != nil {
			return err
		}
		return c.print(e.stdout, headHeader, []row{headRow(head)})
	})
}

type logRaiseEpoch struct {
	database
	output
}

func (c logRaiseEpoch) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		head, err := t.log.RaiseEpoch(ctx)
		if err != nil {
			return err
		}
		return c.print(e.stdout, headHeader, []row{headRow(head)})
	})
}

const headHeader = "POSITION\tEPOCH\tLAST EVENT"

func headRow(h eventstore.Head) row {
	at := h.RecordedAt.UTC().Format(timeFormat)
	return row{
		text: fmt.Sprintf("%d\t%d\t%s", h.Position, h.Epoch, at),
		object: struct {
			Position   int64  `json:"position"`
			Epoch      int32  `json:"epoch"`
			RecordedAt string `json:"recorded_at"`
		}{int64(h.Position), h.Epoch, at},
	}
}
