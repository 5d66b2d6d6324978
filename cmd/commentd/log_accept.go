package main

import (
	"context"
	"fmt"

	"github.com/commentd/commentd/eventstore/audit"
)

type logKey struct{}

// Run needs no database: the key is derived from the root key.
func (logKey) Run(e env) error {
	root, err := e.rootKey()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, audit.NewKey(root, 0))
	return err
}

type logAcceptLoss struct {
	database
	output
}

func (c logAcceptLoss) Run(ctx context.Context, e env) error {
	return c.with(ctx, e, func(t *tools) error {
		loss, err := audit.AcceptLoss(ctx, t.log, t.pool, audit.NewKey(t.root, 0), 0)
		if err != nil {
			return err
		}
		return c.print(e.stdout, "SEALED\tKEPT\tGENERATION\tEPOCH", []row{{
			text: fmt.Sprintf("%d\t%d\t%d\t%d", loss.Size, loss.Kept, loss.Generation, loss.Epoch),
			object: struct {
				Sealed     int64 `json:"sealed"`
				Kept       int64 `json:"kept"`
				Generation int32 `json:"generation"`
				Epoch      int32 `json:"epoch"`
			}{loss.Size, loss.Kept, loss.Generation, loss.Epoch},
		}})
	})
}
