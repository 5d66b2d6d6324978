//go:build unix && !linux

package devstack

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing: only Linux has it. A server that outlives us is
// stopped by the next start.
func dieWithParent(*syscall.SysProcAttr) {}

// serversOn returns the processes of any Postgres that works on the data
// directory: the postmaster that postmaster.pid names, if it is one and says so
// on its command line, and its children.
func serversOn(data string) []int {
	postmaster, err := readPostmasterPID(data)
	if err != nil {
		return nil
	}
	command, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(postmaster.pid)).Output()
	program, args, _ := strings.Cut(strings.TrimSpace(string(command)), " ")
	if err != nil || !isServer(program) || !strings.Contains(args, data) {
		return nil
	}
	pids := []int{postmaster.pid}
	children, _ := exec.Command("pgrep", "-P", strconv.Itoa(postmaster.pid)).Output() // fails when there are none
	for _, field := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
