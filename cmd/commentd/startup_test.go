package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/migrations"
)

// TestRefusesToStart gives serve what it must not work with: it ends, says what is
// wrong and what to do, and repeats no password.
func TestRefusesToStart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	weak := devstacktest.PostgresServer(t, devstack.PostgresConfig{
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"},
	})
	if err := migrations.Up(t.Context(), weak.URL()); err != nil {
		t.Fatal(err)
	}
	p := newProduction(t)
	p.do(t, "ticket", "create", "--account", "acme", "--subject", "sealed under the root key")
	old, otherKeyring := devstacktest.Postgres(t), devstacktest.EmptyDatabase(t)
	if err := migrations.UpApart(t.Context(), old, otherKeyring); err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	if _, err := db.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)"); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // after the subtests, which are parallel
	const nobody = "127.0.0.1:1"        // listens there
	for _, tt := range []struct {
		name   string
		change map[string]string
		code   int
		says   []string
	}{
		{"weak Postgres", map[string]string{"COMMENTD_POSTGRES_URL": weak.URL()}, 1, []string{
			"fsync = off", "set it to on", "full_page_writes = off", "synchronous_commit = off"}},
		{"old schema", map[string]string{"COMMENTD_POSTGRES_URL": old}, 1, []string{"schema version", "run commentd migrate"}},
		{"no schema", map[string]string{"COMMENTD_POSTGRES_URL": devstacktest.EmptyDatabase(t)}, 1, []string{"schema version 0", "run commentd migrate"}},
		{"no Postgres", map[string]string{"COMMENTD_POSTGRES_URL": "postgres://commentd:s3cr3t@" + nobody + "/commentd"}, 1, []string{"connect", "refused"}},
		{"no Postgres by socket", map[string]string{"COMMENTD_POSTGRES_URL": "host=/nowhere user=commentd password=s3cr3t"}, 1, []string{"connect", "/nowhere"}},
		{"wrong password", map[string]string{"COMMENTD_POSTGRES_URL": withPassword(t, p.postgres, "s3cr3t")}, 1, []string{"password"}},
		{"malformed Postgres URL", map[string]string{"COMMENTD_POSTGRES_URL": "postgres://commentd:s3cr3t@::/%"}, 2, []string{"COMMENTD_POSTGRES_URL"}},
		{"no Postgres URL", map[string]string{"COMMENTD_POSTGRES_URL": ""}, 2, []string{"COMMENTD_POSTGRES_URL is not set"}},
		{"malformed keyring URL", map[string]string{"COMMENTD_KEYRING_URL": "postgres://commentd:s3cr3t@::/%"}, 2, []string{"COMMENTD_KEYRING_URL is malformed"}},
		{"no keyring", map[string]string{"COMMENTD_KEYRING_URL": "postgres://commentd:s3cr3t@" + nobody + "/keyring"}, 1, []string{"connect", "refused"}},
		{"no schema of the keyring", map[string]string{"COMMENTD_KEYRING_URL": devstacktest.EmptyDatabase(t)}, 1, []string{"the keyring is at schema version 0", "run commentd migrate"}},
		{"another keyring", map[string]string{"COMMENTD_KEYRING_URL": otherKeyring}, 1, []string{"the keyring is empty"}},
		{"keyring in the clear", map[string]string{"COMMENTD_KEYRING_URL": "postgres://commentd:s3cr3t@203.0.113.1/commentd?sslmode=disable"}, 2, []string{"COMMENTD_KEYRING_URL leads", "without TLS"}},
		{"no place for files", map[string]string{"COMMENTD_BLOBS": ""}, 2, []string{"COMMENTD_BLOBS is not set"}},
		{"malformed place for files", map[string]string{"COMMENTD_BLOBS": "s3://commentd:s3cr3t@bucket/"}, 2, []string{"COMMENTD_BLOBS is malformed"}},
		{"no folder for files", map[string]string{"COMMENTD_BLOBS": "/proc/none"}, 1, []string{"blob store"}},
		{"no horizon", map[string]string{"COMMENTD_ERASURE_HORIZON": "0s"}, 2, []string{"COMMENTD_ERASURE_HORIZON"}},
		{"no NATS URL", map[string]string{"COMMENTD_NATS_URL": ""}, 2, []string{"COMMENTD_NATS_URL is not set"}},
		{"malformed NATS URL", map[string]string{"COMMENTD_NATS_URL": "nats://commentd:s3cr3t@127.0.0.1:port"}, 2, []string{"COMMENTD_NATS_URL"}},
		{"another root key", map[string]string{"COMMENTD_ROOT_KEY": vault.GenerateRootKey()}, 1, []string{"root key"}},
		{"half a root key", map[string]string{"COMMENTD_ROOT_KEY": "s3cr3t"}, 2, []string{"COMMENTD_ROOT_KEY", "32 bytes"}},
		{"no root key", map[string]string{"COMMENTD_ROOT_KEY": ""}, 2, []string{"COMMENTD_ROOT_KEY", "commentd root-key"}},
		{"small pool", map[string]string{"COMMENTD_POOL_SIZE": "1"}, 2, []string{"COMMENTD_POOL_SIZE"}},
		{"unknown role", map[string]string{"COMMENTD_ROLES": "api,king"}, 2, []string{"king"}},
		{"taken address", map[string]string{"COMMENTD_LISTEN": taken.Addr().String()}, 1, []string{"listen", "in use"}},
		{"Postgres in the clear", map[string]string{"COMMENTD_POSTGRES_URL": "postgres://commentd:s3cr3t@203.0.113.1/commentd?sslmode=disable"}, 2, []string{"without TLS", "COMMENTD_ALLOW_PLAINTEXT"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			values := maps.Clone(p.environment)
			values["COMMENTD_LISTEN"] = "127.0.0.1:0"
			maps.Copy(values, tt.change)
			var environment []string
			for name, value := range values {
				environment = append(environment, name+"="+value)
			}
			refused := startProgram(t, environment, "serve")
			_ = refused.wait() // what follows says it better
			said := refused.output.String()
			if got := refused.cmd.ProcessState.ExitCode(); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q", want)
				}
			}
			if strings.Contains(said, "s3cr3t") {
				t.Error("it repeats a secret")
			}
			if t.Failed() || strings.Count(said, "\n") > 8 {
				t.Errorf("it says:\n%s", said)
			}
		})
	}
}

// withPassword returns the URL of a database with another password.
func withPassword(t *testing.T, url, password string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s sslmode=disable", config.Host, config.Port, config.User, password, config.Database)
}

// TestStartsWithoutNATS starts everything while NATS is not there: it serves, says that
// it is degraded, and is whole as soon as NATS comes.
func TestStartsWithoutNATS(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	server := devstacktest.NATS(t)
	server.Stop()
	p := newProductionOn(t, devstacktest.Postgres(t), server)
	i := p.instances(t, "api,relay,projector,worker")[0] // waits for readiness, which does not need NATS
	wantHealth(t, i, "degraded", "nats")
	l := newLedger(t, p.key)
	stop := l.write(2, 0, p.newTickets(t, i.url, 2), i.url)
	l.awaitMore(50)
	stop()
	l.settle(i.url)
	l.check(i.url)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantHealth(t, i, "ready", "")
	p.audit(t, l, i.url)
	awaitNoLag(t, i)
}

// wantHealth waits until /readyz says so, with a reason for the check.
func wantHealth(t *testing.T, i *instance, status, check string) {
	t.Helper()
	eventually(t, func() error {
		code, answer, err := call("GET", i.url+"/readyz", "", "")
		if err != nil {
			return err
		}
		var health struct {
			Status string
			Checks map[string]struct{ Reason string }
		}
		if err := json.Unmarshal([]byte(answer), &health); err != nil {
			return err
		}
		if code != 200 || health.Status != status || check != "" && health.Checks[check].Reason == "" {
			return errors.New(answer)
		}
		return nil
	})
}
