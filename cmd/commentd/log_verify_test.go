package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/vault"
)

// TestTamperEvidence is what an operator and an auditor see: a log that verifies, a
// bundle that does so anywhere, a change that is named, and a service that does not
// start on a log that is not the one it has told its witness of.
func TestTamperEvidence(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	witness := "file:" + filepath.Join(t.TempDir(), "heads")
	args := []string{"--roles", "api,worker", "--witness", witness}
	i := p.instance(t, args...)
	i.start()
	i.awaitReady()
	for n := range 5 {
		mustCall(t, 201, "POST", i.url+"/v1/tickets/"+p.ticket+"/comments", p.key, quoted(fmt.Sprintf("comment %d", n)))
	}
	bundle := filepath.Join(t.TempDir(), "bundle")
	p.do(t, "ticket", "export", p.ticket, "--account", "acme", "-o", bundle) // waits until all is sealed
	if out := p.do(t, "log", "verify", "--witness", witness); !strings.Contains(out, "6 of them sealed") || !strings.Contains(out, "everything is as it should be") {
		t.Errorf("log verify = %s", out)
	}
	if err := i.stop(syscall.SIGTERM); err != nil {
		t.Errorf("the instance ended with %v", err)
	}

	key := strings.TrimSpace(p.do(t, "log", "key"))
	bare := map[string]string{} // there is no database, and no root key
	if out, err := command(t, bare, "log", "verify", "--bundle", bundle, "--key", key); err != nil || !strings.Contains(out, "6 events") {
		t.Errorf("log verify --bundle = %s, %v", out, err)
	}
	root, err := vault.ParseRootKey(vault.GenerateRootKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, bare, "log", "verify", "--bundle", bundle, "--key", audit.NewKey(root, 0).String()); exitCode(err) != 3 {
		t.Errorf("log verify --bundle with another key = %v", err)
	}
	for _, bad := range [][]string{{"--bundle", bundle}, {"--bundle", bundle + "x", "--key", key}} {
		if _, err := command(t, bare, append([]string{"log", "verify"}, bad...)...); exitCode(err) != 2 {
			t.Errorf("log verify %v = %v", bad, err)
		}
	}
	if info, err := os.Stat(bundle); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the bundle is %v, %v; texts are in it", info, err)
	}
	if _, err := command(t, p.environment, "log", "accept-loss"); !errors.Is(err, audit.ErrNoLoss) {
		t.Errorf("accept-loss where nothing is lost = %v", err)
	}

	db, err := pgx.Connect(t.Context(), p.postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	flip := "UPDATE log.events SET schema_version = schema_version # 1::smallint WHERE position = 3"
	exec(flip)
	out, err := command(t, p.environment, "log", "verify", "--json")
	var report audit.Report
	if decodeErr := json.Unmarshal([]byte(out), &report); exitCode(err) != 3 || decodeErr != nil || len(report.Findings) == 0 ||
		report.Findings[0].Table != "log.events" || report.Findings[0].Row != "position 3" {
		t.Errorf("log verify of a changed event = %s, %v", out, err)
	}
	exec(flip)
	p.do(t, "log", "verify")

	// The tail is lost, as to an old backup.
	exec("DELETE FROM log.events WHERE position > 4")
	exec("UPDATE log.heads SET position = 4, recorded_at = (SELECT recorded_at FROM log.events WHERE position = 4)")
	i.start()
	<-i.exited
	if i.err == nil || !strings.Contains(i.output.String(), "ends at position 4, and once had 6") {
		t.Fatalf("on a log that is shorter than witnessed the service ended with %v\n%s", i.err, i.output)
	}
	i = p.instance(t, append(args, "--ignore-witness")...)
	i.start()
	eventually(t, func() error {
		_, answer, err := call("GET", i.url+"/readyz", "", "")
		if err == nil && !strings.Contains(answer, "the log ends at position 4, the tree at 6") {
			err = errors.New(answer)
		}
		return err
	})
	if out := p.do(t, "log", "accept-loss", "--json"); !strings.Contains(out, `"sealed":6,"kept":4,"generation":2`) {
		t.Errorf("accept-loss = %s", out)
	}
	eventually(t, func() error {
		_, answer, err := call("GET", i.url+"/readyz", "", "")
		if err == nil && !strings.Contains(answer, `"sealer":{"ok":true}`) {
			err = errors.New(answer)
		}
		return err
	})
	if err := i.stop(syscall.SIGTERM); err != nil {
		t.Errorf("the instance ended with %v", err)
	}
}
