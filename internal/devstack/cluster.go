package devstack

import (
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
// it is whole and on disk, so a set-up cut short leaves nothing half-made behind.
func (h home) initialise(ctx context.Context, bin Binaries) error {
	if err := h.sweep(); err != nil {
		return err
	}
	if _, err := secret(h.password(), h.as); err != nil {
		return err
	}
	unfinished := h.data() + ".unfinished"
	if err := h.as.mkdir(unfinished); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, bin.path("initdb"), "--pgdata", unfinished,
		"--username", dbName, "--pwfile", h.password(), "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--data-checksums")
	h.prepare(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, lastLines(string(out), 5))
	}
	return os.Rename(unfinished, h.data())
}

// sweep removes what a set-up that was cut short has left.
func (h home) sweep() error {
	return os.RemoveAll(h.data() + ".unfinished")
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
