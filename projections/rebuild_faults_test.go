package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/internal/logtest"
	"github.com/commentd/commentd/projections/threads"
)

// Interrupted at whatever step, the next one goes on, and the rows are right.
func TestAnInterruptedRebuildIsGoneOnWith(t *testing.T) {
	l := logtest.New(t)
	noLeaks(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	version := int32(1)
	for _, step := range []string{projections.StepLoad, projections.StepIndex, projections.StepCatchUp, projections.StepCompare, projections.StepSwitch} {
		for _, late := range []bool{false, true} { // at its beginning, or when something is done
			events(t, l, 10)
			await(t, l)
			ctx, cancel := context.WithCancel(t.Context())
			report, err := newRebuilder(l, projections.RebuildConfig{Workers: 2, Progress: func(p projections.Progress) {
				if p.Step == step && (p.Done > 0 || !late) {
					cancel()
				}
			}}).Rebuild(ctx)
			cancel()
			if err == nil { // it was over before it noticed, or there was nothing to do in the step
				version = report.Version
				continue
			}
			if !errors.Is(err, context.Canceled) || report.Switched {
				t.Fatalf("Rebuild interrupted at %s = %+v, %v; want %v", step, report, err, context.Canceled)
			}
			events(t, l, 5)
			logtest.Eventually(t, "the lock is free", func() bool {
				status := readStatus(t, l)
				return status.Next == nil || !status.Next.UnderWay
			})
			report = rebuilt(t, l, projections.RebuildConfig{Workers: 2})
			if !report.Resumed || report.Version != version+1 || report.Differ != 0 {
				t.Errorf("Rebuild after it was interrupted at %s = %+v; want version %d gone on with", step, report, version+1)
			}
			version = report.Version
			await(t, l)
			logtest.CheckRows(t, l.Pool)
		}
	}
}

// Another program may fold otherwise, and another log has happened otherwise.
func TestWhatIsOfNoUseIsBegunAnew(t *testing.T) {
	l := logtest.New(t)
	for range 3 {
		events(t, l, 10)
	}
	interrupt := func(build string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := newRebuilder(l, projections.RebuildConfig{Build: build, Progress: func(p projections.Progress) {
			if p.Step == projections.StepIndex {
				cancel()
			}
		}}).Rebuild(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Rebuild = %v; want it interrupted", err)
		}
		logtest.Eventually(t, "the lock is free", func() bool { return !readStatus(t, l).Next.UnderWay })
	}
	for _, tt := range []struct {
		name   string
		change func()
		config projections.RebuildConfig
	}{
		{"another program", func() {}, projections.RebuildConfig{Build: "two"}},
		{"another epoch", func() { l.Exec("UPDATE log.heads SET epoch = epoch + 1") }, projections.RebuildConfig{Build: "one"}},
		{"somebody wants it", func() {}, projections.RebuildConfig{Build: "one", Restart: true}},
		{"somebody has dropped it", func() { l.Exec("DROP SCHEMA threads_next CASCADE") }, projections.RebuildConfig{Build: "one"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			interrupt("one")
			tt.change()
			if report := rebuilt(t, l, tt.config); report.Resumed || report.Differ != 0 {
				t.Errorf("Rebuild = %+v; want it begun anew", report)
			}
			logtest.CheckRows(t, l.Pool)
		})
	}
}

// The log is restored from a backup while it is being read.
func TestARebuildOfALogThatChangesIsGivenUp(t *testing.T) {
	l := logtest.New(t)
	events(t, l, 10)
	report, err := newRebuilder(l, projections.RebuildConfig{Progress: func(p projections.Progress) {
		if p.Step == projections.StepIndex && p.Done == 0 {
			l.Exec("UPDATE log.heads SET epoch = epoch + 1")
		}
	}}).Rebuild(t.Context())
	if err == nil || report.Switched {
		t.Errorf("Rebuild = %+v, %v; want it given up", report, err)
	}
	rebuilt(t, l, projections.RebuildConfig{})
	logtest.CheckRows(t, l.Pool)
}

// A process that has lost the lock, and does not know it, spoils nothing of what the next
// one builds.
func TestARebuildThatHasLostItsLockEnds(t *testing.T) {
	for _, step := range []string{projections.StepLoad, projections.StepIndex, projections.StepCompare} {
		t.Run(step, func(t *testing.T) {
			l := logtest.New(t)
			p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
			p.start()
			for range 3 {
				events(t, l, 10)
			}
			await(t, l)
			lost := false
			report, err := newRebuilder(l, projections.RebuildConfig{Workers: 1, Progress: func(p projections.Progress) {
				if lost || p.Step != step || p.Done > 0 {
					return
				}
				lost = true
				l.Exec("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2")
				logtest.Eventually(t, "the lock is free", func() bool { return !readStatus(t, l).Next.UnderWay })
				if report := rebuilt(t, l, projections.RebuildConfig{Restart: true}); report.Differ != 0 {
					t.Errorf("the other Rebuild = %+v; want no difference", report)
				}
			}}).Rebuild(t.Context())
			if err == nil || report.Switched {
				t.Errorf("Rebuild without a lock = %+v, %v; want it ended", report, err)
			}
			events(t, l, 10)
			await(t, l)
			logtest.CheckRows(t, l.Pool)
		})
	}
}

// childRebuild names the variable that makes this binary a rebuild to be killed.
const childRebuild = "COMMENTD_TEST_CHILD_REBUILD"

func rebuildChild(url string) {
	ctx := context.Background()
	pool, err := eventstore.Connect(ctx, url, 4)
	if err != nil {
		panic(err)
	}
	m := metrics.New(prometheus.NewRegistry())
	log := eventstore.New(pool, nil, m, eventstore.Config{})
	report, err := projections.NewRebuilder(pool, threads.Projection{}, log, m, projections.RebuildConfig{Workers: 2}).Rebuild(ctx)
	if err != nil && !errors.Is(err, projections.ErrRebuilding) { // the one before is dying still
		fmt.Fprintf(os.Stderr, "%+v: %v\n", report, err)
		os.Exit(1)
	}
}

// A rebuild is killed again and again, at any moment, under writes. It ends well all the
// same, and no reader or projector takes notice.
func TestKilledRebuildsLeaveNothingThatHurts(t *testing.T) {
	l := logtest.New(t)
	p := newInstance(t, l, l.Connect(), logFeed{l.Store}, threads.Projection{})
	p.start()
	for range 10 {
		events(t, l, 20)
	}
	stop := writing(t, l)
	for killed := 0; killed < 10; {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childRebuild+"="+l.URL)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-time.After(time.Duration(rand.IntN(1500)) * time.Millisecond): // of the fault, not of the test
			_ = cmd.Process.Kill()
			<-ended
			killed++
		case err := <-ended: // it was quicker
			if err != nil {
				t.Fatalf("a rebuild that nobody killed: %v", err)
			}
		}
	}
	logtest.Eventually(t, "a rebuild that nobody kills", func() bool {
		report, err := newRebuilder(l, projections.RebuildConfig{}).Rebuild(t.Context())
		if err != nil && !errors.Is(err, projections.ErrRebuilding) {
			t.Fatalf("Rebuild = %+v, %v", report, err)
		}
		return err == nil
	})
	stop()
	await(t, l)
	logtest.CheckRows(t, l.Pool)
	if got := schemas(t, l); got != "[threads threads_old]" {
		t.Errorf("schemas = %s; want that in use and the one before", got)
	}
}

// troubled is a log of which reading breaks off before long.
type troubled struct {
	*eventstore.Store
	calls int
}

func (l *troubled) Scan(ctx context.Context, r eventstore.Range, do func(*eventstore.Recorded) error) error {
	l.calls++
	read := 0
	return l.Store.Scan(ctx, r, func(e *eventstore.Recorded) error {
		if read++; read > 20 {
			return eventstore.ErrUnavailable
		}
		return do(e)
	})
}

func TestReadingThatBreaksOffGoesOn(t *testing.T) {
	l := logtest.New(t)
	for range 3 {
		events(t, l, 15)
	}
	log := &troubled{Store: l.Store}
	report, err := projections.NewRebuilder(l.Connect(), threads.Projection{}, log, l.Metrics, projections.RebuildConfig{Workers: 1}).Rebuild(t.Context())
	if err != nil || !report.Switched || log.calls < 3 {
		t.Errorf("Rebuild = %+v, %v after %d calls; want the log read in several", report, err, log.calls)
	}
	logtest.CheckRows(t, l.Pool)
}
