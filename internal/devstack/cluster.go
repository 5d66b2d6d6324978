package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Name of the one database and of the role that owns it and the whole cluster.
const dbName = "commentd"

// dataVersion returns the major version that made the cluster in data, or 0 if
// there is none yet. A directory with anything else in it is not ours to use.
func dataVersion(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err == nil {
		return strconv.Atoi(strings.TrimSpace(string(content)))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	entries, err := os.ReadDir(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case len(entries) > 0:
		return 0, fmt.Errorf("%s is not empty, but no Postgres cluster either", data)
	}
	return 0, nil
}

// initialise makes the cluster. It is made beside its place and moved there when
// it is whole, so a set-up cut short leaves nothing half-made behind. fill writes
// it into an empty folder.
func (h home) initialise(fill func(unfinished string) error) error {
	h.sweep()
	// A name of its own, because the initdb of a process that was killed may still
	// be at work on the folder before.
	unfinished, err := os.MkdirTemp(h.base, unfinishedPrefix) // mode 0700
	if err != nil {
		return err
	}
	err = h.as.own(unfinished)
	if err == nil {
		err = fill(unfinished)
	}
	if err == nil {
		_ = os.Remove(h.data()) // an empty folder, which rename would not replace
		err = os.Rename(unfinished, h.data())
	}
	if err != nil {
		h.sweep()
	}
	return err
}

// initdb returns a way to fill a folder: with a new cluster, on disk, that has our
// password.
func (h home) initdb(ctx context.Context, bin Binaries) func(string) error {
	return func(unfinished string) error {
		if _, err := secret(h.password(), h.as); err != nil {
			return err
		}
		out, err := h.run(exec.CommandContext(ctx, bin.path("initdb"), "--pgdata", unfinished,
			"--username", dbName, "--pwfile", h.password(), "--auth", "scram-sha-256",
			"--encoding", "UTF8", "--locale", "C", "--data-checksums"))
		if err != nil {
			return fmt.Errorf("initdb: %w\n%s", err, lastLines(out, 5))
		}
		return nil
	}
}

const unfinishedPrefix = "postgres.unfinished-"

// sweep removes what a set-up that was cut short has left. What it cannot remove
// is in nobody's way.
func (h home) sweep() {
	left, _ := filepath.Glob(filepath.Join(h.base, unfinishedPrefix+"*"))
	for _, path := range left {
		_ = os.RemoveAll(path)
	}
}

// setPassword makes the password of the role the one in our file, without knowing
// the one it has: a server in single-user mode asks for none. No server may run.
func (h home) setPassword(ctx context.Context, bin Binaries, password string) error {
	cmd := exec.CommandContext(ctx, bin.path("postgres"), "--single", "-D", h.data(), "postgres")
	cmd.Stdin = strings.NewReader(fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'\n", dbName, password))
	if out, err := h.run(cmd); err != nil {
		return fmt.Errorf("set password: %w\n%s", err, lastLines(out, 5))
	}
	return nil
}

// run runs a program of the server to its end and returns what it wrote. When the
// context ends, the program's children end with it.
func (h home) run(cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	h.prepare(cmd)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	proc, err := spawn(cmd)
	if err != nil {
		return "", err
	}
	<-proc.exited
	return out.String(), proc.err
}

// prepare makes cmd run as the server's user, in the server's folder, and away
// from our environment: PGDATA and its kin would speak to the server as well. TZ
// saves initdb a search through all time zones for the one of this machine.
func (h home) prepare(cmd *exec.Cmd) {
	cmd.Dir = h.base
	cmd.SysProcAttr = h.as.attr()
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
}

// settings are those of every cluster. The first group is what commentd insists
// on in production too; the second keeps people's words out of the server's log.
var settings = map[string]string{
	"fsync":              "on",
	"full_page_writes":   "on",
	"synchronous_commit": "on",
	"TimeZone":           "UTC",
	"log_timezone":       "UTC",

	"log_statement":                     "none",
	"log_min_error_statement":           "panic",
	"log_min_duration_statement":        "-1",
	"log_parameter_max_length":          "0",
	"log_parameter_max_length_on_error": "0",
	"log_error_verbosity":               "terse", // a DETAIL quotes the row

	"listen_addresses":    "127.0.0.1",
	"max_connections":     "100",
	"shared_buffers":      "128MB",
	"password_encryption": "scram-sha-256",
	"cluster_name":        "commentd-dev",
	"lc_messages":         "C", // the log is read for a port that is taken
	"log_checkpoints":     "off",
}

const hba = `# Written by commentd at every start. Nobody comes in without the password.
local all         all              scram-sha-256
host  all         all 127.0.0.1/32 scram-sha-256
local replication all              scram-sha-256
host  replication all 127.0.0.1/32 scram-sha-256
`

// configure writes the configuration files anew. ALTER SYSTEM still has the last
// word, since its file is read after this one.
func (h home) configure(port int, sockets string, extra map[string]string) error {
	all := maps.Clone(settings)
	all["port"] = strconv.Itoa(port)
	all["unix_socket_directories"] = sockets
	all["unix_socket_permissions"] = "0700"
	maps.Copy(all, extra)
	var conf strings.Builder
	conf.WriteString("# Written by commentd at every start; use ALTER SYSTEM for settings of your own.\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value := strings.NewReplacer(`\`, `\\`, `'`, `''`, "\n", " ").Replace(all[name])
		fmt.Fprintf(&conf, "%s = '%s'\n", name, value)
	}
	return errors.Join(
		replaceFile(filepath.Join(h.data(), "postgresql.conf"), conf.String(), h.as),
		replaceFile(filepath.Join(h.data(), "pg_hba.conf"), hba, h.as))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
