package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pollEvery is how often we look at what a server tells by files and signals only.
const pollEvery = 5 * time.Millisecond

// postmasterPID is what a server writes about itself into postmaster.pid.
type postmasterPID struct {
	pid   int
	ready bool
}

func readPostmasterPID(data string) (postmasterPID, error) {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return postmasterPID{}, err
	}
	lines := strings.Split(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return postmasterPID{}, fmt.Errorf("postmaster.pid: %w", err)
	}
	// The eighth line is the state: starting, ready, standby, stopping.
	return postmasterPID{pid, len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"}, nil
}

// isServer reports whether a path of a program is that of a Postgres server, also
// after an upgrade has replaced the file.
func isServer(exe string) bool {
	name := filepath.Base(strings.TrimSuffix(exe, " (deleted)"))
	return name == "postgres" || name == "postmaster"
}

// clearOrphan makes way for a new server on data. The caller holds the lock of the
// folder, so whatever runs there was left behind by a process that is gone: it is
// stopped. Then the lock file is void, even when its number has meanwhile gone to
// some other process, which would make Postgres refuse to start.
func clearOrphan(ctx context.Context, data string, logger *slog.Logger) error {
	if pids := serversOn(data); len(pids) > 0 {
		logger.Warn("stopping a Postgres that an earlier run left behind", "data", data)
		if err := stopAll(ctx, data); err != nil {
			return fmt.Errorf("stop the Postgres that an earlier run left behind: %w", err)
		}
	}
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stale lock file: %w", err)
	}
	return nil
}

// stopAll ends all processes of the server on data, each stage less gently than
// the one before.
func stopAll(ctx context.Context, data string) error {
	for _, stage := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{
		{syscall.SIGINT, 10 * time.Second}, // fast shutdown: a checkpoint is written
		{syscall.SIGQUIT, 3 * time.Second}, // immediate: the next start recovers
		{syscall.SIGKILL, 10 * time.Second},
	} {
		pids := serversOn(data)
		if postmaster, err := readPostmasterPID(data); err == nil && stage.signal == syscall.SIGINT {
			if !slices.Contains(pids, postmaster.pid) {
				continue // nobody is left to conduct a shutdown
			}
			pids = []int{postmaster.pid}
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, stage.signal) // gone already is what we want; still there is seen below
		}
		if gone(ctx, data, stage.patience) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("processes %v do not end", serversOn(data))
}

// gone waits until no server is on data.
func gone(ctx context.Context, data string, patience time.Duration) bool {
	deadline := time.Now().Add(patience)
	for len(serversOn(data)) > 0 {
		if time.Now().After(deadline) || !sleep(ctx, pollEvery) {
			return false
		}
	}
	return true
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
