package devstack

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// dieWithParent has the kernel send a fast shutdown when the thread that forks
// the child ends.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// serversOn returns the processes of any Postgres that works on the data
// directory: the postmaster and its children alike sit in it. The name in
// postmaster.pid would not do, as numbers are used again.
func serversOn(data string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// Processes of other users cannot be read; they are not ours either.
		if cwd, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd")); err != nil || cwd != data {
			continue
		}
		if exe, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe")); err == nil && isServer(exe) {
			pids = append(pids, pid)
		}
	}
	return pids
}
