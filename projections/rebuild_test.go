package projections_test

import (
	"context"
	"sync"
	"testing"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// rebuild rebuilds the read model in this process.
func rebuild(t *testing.T, l *logtest.Log, config projections.RebuildConfig) (projections.Report, error) {
	t.Helper()
	pool := l.Connect()
	log := eventstore.New(pool, nil, l.Metrics, eventstore.Config{})
	return projections.NewRebuilder(pool, threads.Projection{}, log, l.Metrics, config).Rebuild(t.Context())
}

// writing lets things happen to tickets until the test calls what is returned.
func writing(t *testing.T, l *logtest.Log) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			script(t, l, 10)
		}
	})
	return func() { cancel(); done.Wait() }
}

func TestARebuildUnderWritesGivesTheSameRows(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	for range 10 {
		script(t, l, 30)
	}
	stop := writing(t, l)
	for version := int32(2); version < 5; version++ {
		report, err := rebuild(t, l, projections.RebuildConfig{Workers: 2})
		if err != nil || !report.Switched || report.Version != version {
			t.Fatalf("Rebuild = %+v, %v; want version %d in place", report, err, version)
		}
		t.Logf("%+v", report)
	}
	stop()
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}
