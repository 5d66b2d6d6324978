package erasure_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// The environment of a test binary that is a worker: where, and at which step it dies.
const (
	childURL    = "COMMENTD_TEST_ERASURE_URL"
	childDiesAt = "COMMENTD_TEST_ERASURE_DIES_AT"
	childBlobs  = "COMMENTD_TEST_ERASURE_BLOBS"
)

// runChild does one round, and kills itself as soon as a step is done.
func runChild(url, diesAt string) {
	p, err := connect(context.Background(), url, url, os.Getenv(childBlobs))
	if err == nil {
		p.worker.OnStep(func(step string) {
			if step == diesAt {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		})
		err = p.worker.Round(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A worker that is killed after any step leaves what the next one goes on with. In
// between everything that was not erased can be read.
func TestKilledAtEachStep(t *testing.T) {
	for _, step := range []string{"retired", "batch", "rewrapped", "destroyed", "rewritten", "flushed", "verified", "noted", "files removed", "completed"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			one, two := w.write(w.process, 150), w.write(w.another(), 5)
			w.erase(w.process, one[3], one[4], two[0])
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), childURL+"="+w.url, childDiesAt+"="+step, childBlobs+"="+w.folder)
			out, err := child.CombinedOutput()
			status, ok := child.ProcessState.Sys().(syscall.WaitStatus)
			if err == nil || !ok || status.Signal() != syscall.SIGKILL {
				t.Fatalf("the worker was not killed: %v\n%s", err, out)
			}
			w.checkTexts(w.another())
			w.write(w.process, 3) // whose bucket is retired, perhaps
			for range 2 {         // the second time there is nothing to do
				if err := w.another().worker.Round(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.check()
			}
		})
	}
}

// Several workers at once, none of which asks for the lock, do what one does.
func TestSeveralWorkers(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		ids := w.write(w.another(), 40)
		w.erase(w.process, ids[1], ids[7])
	}
	errs := make(chan error)
	const workers = 4
	for range workers {
		p := w.another()
		go func() {
			var err error
			for range 3 {
				err = p.worker.Round(t.Context())
			}
			errs <- err
		}()
	}
	for range workers {
		if err := <-errs; err != nil {
			t.Errorf("Round: %v", err)
		}
	}
	if err := w.another().worker.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.check()
}
