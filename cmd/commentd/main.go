// Command commentd is the comment service: every role of it, its tools, and a
// development stack, in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/commentd/commentd/eventstore/transfer"
	"github.com/commentd/commentd/projections"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks to drain; a second one takes the default, which is to die.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "commentd:", err)
		os.Exit(exitCode(err))
	}
}

// Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong, 3
// what should be the same is not.
func exitCode(err error) int {
	var usage *usageError
	var differ *projections.DifferError
	var mismatch *mismatchError
	var refused *transfer.RefusedError
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.As(err, &differ), errors.As(err, &mismatch), errors.As(err, &refused):
		return 3
	}
	return 1
}

// usageError says that the command line or the configuration is wrong.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// env is what a subcommand may touch of the world around it.
type env struct {
	getenv         func(string) string
	stdin          io.Reader // for questions, if it is a terminal
	stdout, stderr io.Writer
}

// commandLine is everything that can be typed. Every flag can also be given by the
// environment variable that the help shows.
type commandLine struct {
	Dev     devCommand     `cmd:"" help:"Start everything on this machine, with a demo account: Postgres, NATS and all roles."`
	Serve   serveCommand   `cmd:"" help:"Serve in production, against an existing Postgres and NATS."`
	Migrate migrateCommand `cmd:"" help:"Bring the database to the current schema."`
	Account accountCommand `cmd:"" help:"Create, list and configure accounts (tenants)."`
	User    userCommand    `cmd:"" help:"Introduce and list the people of an account."`
	Key     keyCommand     `cmd:"" help:"Create, list and revoke API keys."`
	Ticket  ticketCommand  `cmd:"" help:"Open and list tickets."`
	Erase   eraseCommand   `cmd:"" help:"Erase for good what was said in a ticket, by a customer, or in an account."`
	Log     logCommand     `cmd:"" help:"Look at and mend the log."`
	Import  importCommand  `cmd:"" help:"Take in the history of a helpdesk that was elsewhere until now."`

	Projection projectionCommand `cmd:"" help:"Look at read models, rebuild them, and go back."`

	Health  healthCommand  `cmd:"" help:"Ask a running instance whether it is ready; exit code 1 if not."`
	RootKey rootKeyCommand `cmd:"" name:"root-key" help:"Print a new root key."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// run parses args and runs the command that they name, until it is done or ctx
// ends. Everything it touches is handed in.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	var line commandLine
	exited := -1
	parser, err := kong.New(&line,
		kong.Name("commentd"),
		kong.Description("An event-sourced comment service for helpdesk tickets."),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.Resolvers(fromEnvironment(getenv)),
		kong.ValueFormatter(helpWithVariable),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(env{getenv, os.Stdin, stdout, stderr}),
	)
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited == 0 { // --help was given, and is printed
		return nil
	}
	if err != nil {
		return &usageError{err}
	}
	return parsed.Run()
}
