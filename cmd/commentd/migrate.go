package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/migrations"
)

type migrateCommand struct {
	database
	Status bool `help:"Only say at which version the database is."`
}

func (c migrateCommand) Run(ctx context.Context, e env) error {
	if err := c.validate(); err != nil {
		return &usageError{err}
	}
	if !c.Status {
		if err := migrations.UpApart(ctx, c.PostgresURL, c.keyringURL()); err != nil {
			return err
		}
	}
	for _, s := range c.schemas() {
		at, current, err := s.status(ctx, s.url)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s: schema version %d of %d\n", s.name, at, current)
	}
	return nil
}

type rootKeyCommand struct{}

func (rootKeyCommand) Run(e env) error {
	_, err := fmt.Fprintln(e.stdout, vault.GenerateRootKey())
	return err
}

type versionCommand struct{}

func (versionCommand) Run(e env) error { return printVersion(e.stdout) }

// version is set by release builds.
var version = "development"

func printVersion(w io.Writer) error {
	goVersion := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
	}
	_, err := fmt.Fprintf(w, "commentd %s (%s)\n", version, goVersion)
	return err
}
