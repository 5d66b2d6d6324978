package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// statementTimeout bounds every statement of the service, and with it how long
// anything can hold the head of the log.
const statementTimeout = 5 * time.Second

// session are the settings of every connection.
//
// The planner is told to make one plan per statement, of index look-ups. All
// statements of the service are such; what statistics could add is the plan that
// scans an almost empty table, is kept, and meets a large one.
var session = map[string]string{
	"application_name":                    "commentd",
	"statement_timeout":                   strconv.FormatInt(statementTimeout.Milliseconds(), 10),
	"lock_timeout":                        "4000",
	"idle_in_transaction_session_timeout": "10000",
	"search_path":                         "pg_catalog",
	"timezone":                            "UTC",

	"plan_cache_mode":   "force_generic_plan",
	"enable_seqscan":    "off",
	"enable_bitmapscan": "off",
	"enable_hashjoin":   "off",
	"enable_mergejoin":  "off",
	"enable_material":   "off",
	"enable_memoize":    "off",
	"jit":               "off",
}

// Connect opens a pool of at most size connections to the database at url, each
// with the session settings that this package relies on. It fails if the server
// cannot be reached or does not keep what it confirms: see CheckSettings.
func Connect(ctx context.Context, url string, size int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The error of the parser may quote the URL, and with it the password.
		return nil, errors.New("the Postgres URL is malformed")
	}
	config.MaxConns = int32(size)
	config.MinIdleConns = 1
	config.MaxConnLifetimeJitter = 10 * time.Minute
	// Looking after an idle log takes a query a second; it need not take a ping each.
	config.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > 3*time.Second }
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	for name, value := range session {
		config.ConnConfig.RuntimeParams[name] = value
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	if err := CheckSettings(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// wanted are the server settings without which a promise would not hold. The
// session could override synchronous_commit; a server that has it off was set up
// by somebody who does not expect durability, and should be asked.
var wanted = []struct{ name, value, why string }{
	{"fsync", "on", "a power cut would lose or corrupt the log"},
	{"full_page_writes", "on", "a power cut could tear pages of the log"},
	{"server_encoding", "UTF8", "ids and types are compared as UTF-8"},
}

// CheckSettings reads back what the durability of the log depends on and names
// every setting that is too weak, and the remedy.
func CheckSettings(ctx context.Context, pool *pgxpool.Pool) error {
	settings := map[string]string{}
	rows, err := pool.Query(ctx, "SELECT name, setting FROM pg_settings")
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	var name, setting string
	if _, err := pgx.ForEachRow(rows, []any{&name, &setting}, func() error {
		settings[name] = setting
		return nil
	}); err != nil {
		return fmt.Errorf("read the settings of Postgres: %w", err)
	}
	var errs []error
	for _, w := range wanted {
		if got := settings[w.name]; got != w.value {
			errs = append(errs, fmt.Errorf("the Postgres server has %s = %s, and %s: set it to %s", w.name, got, w.why, w.value))
		}
	}
	switch got := settings["synchronous_commit"]; got {
	case "on", "remote_write", "remote_apply", "local":
	default:
		errs = append(errs, fmt.Errorf("the Postgres server has synchronous_commit = %s, and confirmed comments could be lost: set it to on", got))
	}
	if n, _ := strconv.Atoi(settings["server_version_num"]); n < 150000 {
		errs = append(errs, fmt.Errorf("the Postgres server is of version %s: 15 or later is needed", settings["server_version"]))
	}
	return errors.Join(errs...)
}
