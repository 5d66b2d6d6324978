package main

import (
	"context"
	"fmt"

	"github.com/commentd/commentd/eventstore"
)

type logCommand struct {
	Head       logHead       `cmd:"" help:"Say where the log ends."`
	RaiseEpoch logRaiseEpoch `cmd:"" help:"Declare, after a restore or failover lost the tail of the log, that the shorter log is the truth. The relay then rebuilds the stream."`
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
