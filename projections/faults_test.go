package projections_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// cutOff loses its connection after the effect and before the checkpoint is
// committed, every other time.
type cutOff struct {
	threads.Projection
	calls, cuts atomic.Int32
}

func (c *cutOff) Change(events []projections.Event) projections.Change {
	return &cut{c.Projection.Change(events), c}
}

type cut struct {
	projections.Change
	by *cutOff
}

func (c *cut) Write(batch *pgx.Batch) error {
	err := c.Change.Write(batch)
	if c.by.calls.Add(1)%2 == 1 {
		c.by.cuts.Add(1)
		batch.Queue("SELECT pg_terminate_backend(pg_backend_pid())")
	}
	return err
}

func TestAnEffectWithoutItsCheckpointIsTakenBack(t *testing.T) {
	l := logtest.New(t)
	noLeaks(t)
	projection := new(cutOff)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, projection)
	p.start()
	script(t, l, 40)
	await(t, l)
	logtest.CheckRows(t, l.Pool)
	if projection.cuts.Load() == 0 {
		t.Error("no transaction was cut off: this test tests nothing")
	}
}

// childURL names the variable that makes this binary a projector to be killed.
const childURL = "COMMENTD_TEST_CHILD_PROJECTOR"

// child runs a projector until somebody kills it.
func child(url string) {
	pool, err := eventstore.Connect(context.Background(), url, 4)
	if err != nil {
		panic(err)
	}
	m := metrics.New(prometheus.NewRegistry())
	store := eventstore.New(pool, nil, m, eventstore.Config{})
	p := projections.New(pool, threads.Projection{}, logFeed{store}, store, m, projections.Config{Lease: lease, MaxBatch: 3})
	fmt.Println("running")
	p.Run(context.Background())
}

func startChild(t *testing.T, l *logtest.Log) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childURL+"="+l.URL)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

// Two processes share the work; one or the other is killed again and again while
// comments are written.
func TestKilledProjectorsLoseAndDoubleNothing(t *testing.T) {
	l := logtest.New(t)
	children := []*exec.Cmd{startChild(t, l), startChild(t, l)}
	for round := range 6 {
		script(t, l, 15)
		victim := round % 2
		if err := children[victim].Process.Kill(); err != nil {
			t.Fatal(err)
		}
		children[victim].Wait()
		script(t, l, 5)
		children[victim] = startChild(t, l)
	}
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}

// owners returns how many partitions each instance holds by an unexpired lease.
func owners(t *testing.T, l *logtest.Log) (held []int) {
	t.Helper()
	rows, err := l.Pool.Query(context.Background(),
		"SELECT count(*) FROM projections.checkpoints WHERE leased_until > now() AND owner IS NOT NULL GROUP BY owner ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	held, err = pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestInstancesShareTheWork(t *testing.T) {
	l := logtest.New(t)
	noLeaks(t)
	var instances []*instance
	for range 3 {
		i := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
		i.start()
		instances = append(instances, i)
		script(t, l, 5)
	}
	shared := func(want ...int) {
		t.Helper()
		logtest.Eventually(t, fmt.Sprint("shares are ", want), func() bool {
			script(t, l, 1)
			return fmt.Sprint(owners(t, l)) == fmt.Sprint(want)
		})
	}
	shared(20, 22, 22)
	instances[1].stop() // it gives its leases back
	shared(32, 32)
	instances[0].stop()
	shared(64)
	await(t, l)
	logtest.CheckRows(t, l.Pool)
	instances[2].stop()
	if held := owners(t, l); len(held) != 0 {
		t.Errorf("after the last instance has stopped partitions are held: %v", held)
	}
}

func TestAKilledInstanceIsReplaced(t *testing.T) {
	l := logtest.New(t)
	victim := startChild(t, l)
	logtest.Eventually(t, "the child holds all partitions", func() bool { return len(owners(t, l)) == 1 && owners(t, l)[0] == 64 })
	heir := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	heir.start()
	logtest.Eventually(t, "two instances share", func() bool { return fmt.Sprint(owners(t, l)) == "[32 32]" })
	script(t, l, 10)
	victim.Process.Kill()
	victim.Wait()
	script(t, l, 10)
	await(t, l) // only the heir is left
	logtest.CheckRows(t, l.Pool)
}

// thief takes leases away while a batch is being applied.
type thief struct {
	threads.Projection
	log    *logtest.Log
	stolen atomic.Bool
}

func (s *thief) Change(events []projections.Event) projections.Change {
	if s.stolen.CompareAndSwap(false, true) {
		// The checkpoints of this very batch are not moved yet.
		s.log.Exec("UPDATE projections.checkpoints SET owner = gen_random_uuid(), leased_until = now() + interval '1 s'")
	}
	return s.Projection.Change(events)
}

func TestAStolenLeaseStopsItsFormerOwner(t *testing.T) {
	l := logtest.New(t)
	script(t, l, 20)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, &thief{log: l})
	p.start()
	script(t, l, 20)
	await(t, l)
	logtest.CheckRows(t, l.Pool)
}
