package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
)

// operated is a database and the environment to run commands on it.
type operated struct {
	t       *testing.T
	url     string
	rootKey string
}

func newOperated(t *testing.T) *operated {
	if testing.Short() {
		t.Skip("starts Postgres")
	}
	return &operated{t, devstacktest.Postgres(t), vault.GenerateRootKey()}
}

// run runs a command line and returns what it prints, and its exit code.
func (o *operated) run(args ...string) (stdout string, code int) {
	o.t.Helper()
	var out, notes bytes.Buffer
	err := run(o.t.Context(), args, func(name string) string {
		return map[string]string{"COMMENTD_POSTGRES_URL": o.url, "COMMENTD_ROOT_KEY": o.rootKey}[name]
	}, &out, &notes)
	if err != nil {
		code = exitCode(err)
	}
	return out.String(), code
}

func (o *operated) sql(text string) {
	o.t.Helper()
	conn, err := pgx.Connect(o.t.Context(), o.url)
	if err != nil {
		o.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(o.t.Context(), text); err != nil {
		o.t.Fatal(err)
	}
}

// A row that is not what the log says is named by account and ticket, with an exit code
// of its own; what is read changes only when the operator says so.
func TestARebuildThatFindsADifferenceEndsWithCode3(t *testing.T) {
	o := newOperated(t)
	const ticket = "33333333-3333-4333-8333-333333333333"
	for _, args := range []string{
		"account create acme", "ticket create --account acme --id " + ticket, "ticket create --account acme",
		"projection rebuild threads",
	} {
		if _, code := o.run(strings.Fields(args)...); code != 0 {
			t.Fatalf("commentd %s: exit code %d", args, code)
		}
	}
	o.sql("UPDATE threads.tickets SET applied_version = 1, public_counts = '{7,0,0}' WHERE ticket_id = '" + ticket + "'")

	out, code := o.run("projection", "rebuild", "threads")
	if code != 3 || !strings.Contains(out, "2 tickets compared, 1 differ") || !strings.Contains(out, "acme     "+ticket+"  differs") || strings.Contains(out, "is read now") {
		t.Errorf("rebuild: exit code %d, and\n%s\nwant 3, and the ticket named", code, out)
	}
	out, code = o.run("projection", "rebuild", "threads", "--json")
	var report struct {
		Version   int  `json:"version"`
		Live      bool `json:"live"`
		Resumed   bool `json:"resumed"`
		Differing []struct {
			Account, Ticket string
		} `json:"differing"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 3 || report.Live || !report.Resumed ||
		len(report.Differing) != 1 || report.Differing[0].Account != "acme" || report.Differing[0].Ticket != ticket {
		t.Errorf("rebuild --json: exit code %d, %v, and\n%s\nwant 3, and the ticket named", code, err, out)
	}
	if out, code = o.run("projection", "rebuild", "threads", "--accept"); code != 0 || !strings.Contains(out, "1 differ") || !strings.Contains(out, "is read now") {
		t.Errorf("rebuild --accept: exit code %d, and\n%s\nwant 0, and the new version read", code, out)
	}
	if out, code = o.run("projection", "rebuild", "threads"); code != 0 || !strings.Contains(out, "0 differ") {
		t.Errorf("rebuild after it: exit code %d, and\n%s\nwant no difference", code, out)
	}
}

// Whoever looks on at a terminal sees steps, and how fast they go; and a rebuild that is
// interrupted there says how to go on.
func TestARebuildShowsItsProgressAtATerminal(t *testing.T) {
	o := newOperated(t)
	for _, args := range []string{"account create acme", "ticket create --account acme"} {
		if _, code := o.run(strings.Fields(args)...); code != 0 {
			t.Fatalf("commentd %s: exit code %d", args, code)
		}
	}
	terminal, screen := openTerminal(t)
	shown := make(chan string, 1)
	go func() {
		var text bytes.Buffer
		_, _ = text.ReadFrom(screen) // ends with an error when nobody holds the terminal any more
		shown <- text.String()
	}()
	var out bytes.Buffer
	err := run(t.Context(), []string{"projection", "rebuild", "threads"}, func(name string) string {
		return map[string]string{"COMMENTD_POSTGRES_URL": o.url}[name]
	}, &out, terminal)
	if err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close()
	text := <-shown
	for _, step := range []string{"load", "index", "catch up", "compare", "switch", "/s"} {
		if !strings.Contains(text, step) {
			t.Errorf("the terminal shows nothing of %q:\n%q", step, text)
		}
	}
}

// openTerminal returns a terminal and what its screen shows.
func openTerminal(t *testing.T) (terminal, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here:", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	name, err := unlockTerminal(screen)
	if err != nil {
		t.Skip("no pseudo terminals here:", err)
	}
	terminal, err = os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return terminal, screen
}

// Ctrl-C ends a rebuild in the middle, and the next one goes on with what it has left.
func TestARebuildIsInterruptedAndGoneOnWith(t *testing.T) {
	o := newOperated(t)
	for _, args := range []string{"account create acme", "ticket create --account acme", "projection rebuild threads"} {
		if _, code := o.run(strings.Fields(args)...); code != 0 {
			t.Fatalf("commentd %s: exit code %d", args, code)
		}
	}
	conn, err := pgx.Connect(t.Context(), o.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	// Nothing can be compared for as long as this is held.
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE threads.comments"); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, []string{"COMMENTD_POSTGRES_URL=" + o.url}, "projection", "rebuild", "threads")
	for waits := false; !waits && p.running(); {
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'threads.comments'::regclass AND NOT granted)").Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	if code := p.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(p.output.String(), "interrupted; run the same command to go on") {
		t.Errorf("exit code %d after an interrupt, and\n%s", code, p.output)
	}
	if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if out, _ := o.run("projection", "status"); !strings.Contains(out, "The rebuild of version 3, begun at ") || !strings.Contains(out, "was interrupted; rebuild again to go on: compare, 0") {
		t.Errorf("status after it:\n%s", out)
	}
	if out, code := o.run("projection", "rebuild", "threads", "--json"); code != 0 || !strings.Contains(out, `"version":3,"live":true,"resumed":true`) {
		t.Errorf("rebuild after it: exit code %d, and\n%s\nwant it gone on with", code, out)
	}
}
