package eventstore_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
)

// Events are taken as they come off the wire, in one form or the other.
func TestEventsReadTheSameInAnyForm(t *testing.T) {
	url := devstacktest.Postgres(t)
	i := start(t, url)
	ticket := i.open(t)
	for _, body := range []string{"a", "b", "c"} {
		if _, err := i.Execute(t.Context(), i.create(t, ticket, body), nil); err != nil {
			t.Fatal(err)
		}
	}
	want := i.all(t)
	rows, err := i.pool.Query(t.Context(), `SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
		schema_version, internal, event_id, ticket_id, comment_id, type, data FROM log.events ORDER BY position`)
	if err != nil {
		t.Fatal(err)
	}
	scanned, err := pgx.CollectRows(rows, eventstore.ScanRecorded)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(scanned, want); diff != "" {
		t.Errorf("ReadAll differs from what is in the table (-table +ReadAll):\n%s", diff)
	}

	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // as for a pooler between
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	store := eventstore.New(pool, i.vault, metrics.New(prometheus.NewRegistry()), eventstore.Config{})
	got, err := store.ReadAll(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadAll of rows in text form (-want +got):\n%s", diff)
	}
}
