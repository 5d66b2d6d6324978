package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, in which Linux tells processor time. It is 100 on every
// architecture that Go runs on.
const ticksPerSecond = 100

// load is what the machine had to do while something was measured.
type load struct {
	Seconds float64 `json:"seconds"`
	// Ours and Foreign are processor time per second, in cores: of this process and
	// what descends from it, and of all else on the machine, the hypervisor's other
	// guests included.
	Ours    float64 `json:"ours_cores"`
	Foreign float64 `json:"foreign_cores"`
	// Average is /proc/loadavg over a minute, at the end.
	Average float64 `json:"load_average"`
	Known   bool    `json:"known"` // false where there is no /proc
}

func (l load) String() string {
	if !l.Known {
		return "not known on this system"
	}
	return fmt.Sprintf("%.2f of %d cores busy with other things, %.2f with this; load average %.1f",
		l.Foreign, runtime.NumCPU(), l.Ours, l.Average)
}

// loadMeter measures load from where it was made.
type loadMeter struct {
	began      time.Time
	busy, ours int64
	known      bool
}

func startLoadMeter() loadMeter {
	m := loadMeter{began: time.Now()}
	var err1, err2 error
	m.busy, err1 = busyTicks()
	m.ours, err2 = treeTicks(os.Getpid())
	m.known = err1 == nil && err2 == nil
	return m
}

func (m loadMeter) stop() load {
	now := startLoadMeter()
	elapsed := now.began.Sub(m.began).Seconds()
	l := load{Seconds: elapsed, Known: m.known && now.known}
	if !l.Known || elapsed == 0 {
		return l
	}
	l.Ours = float64(now.ours-m.ours) / ticksPerSecond / elapsed
	l.Foreign = max(0, float64(now.busy-m.busy)/ticksPerSecond/elapsed-l.Ours)
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		average, _, _ := strings.Cut(string(text), " ")
		l.Average, _ = strconv.ParseFloat(average, 64)
	}
	return l
}

// busyTicks is the processor time that the machine has spent on anything, or that
// was stolen from it.
func busyTicks() (int64, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	const idle, iowait, guest = 4, 5, 9 // guest time is contained in user time
	var sum int64
	for i, field := range fields {
		if i == 0 || i == idle || i == iowait || i >= guest {
			continue
		}
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// treeTicks is the processor time of a process and its descendants, those included
// that have ended and were waited for.
func treeTicks(root int) (int64, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	type process struct {
		parent int
		ticks  int64
	}
	processes := make(map[int]process)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if fields, err := processStat(pid); err == nil {
			var p process
			p.parent = int(fields[0])
			p.ticks = fields[1] + fields[2] + fields[3] + fields[4]
			processes[pid] = p
		}
	}
	var sum int64
	for pid, p := range processes {
		for at, hops := pid, 0; at > 1 && hops < 64; at, hops = processes[at].parent, hops+1 {
			if at == root {
				sum += p.ticks
				break
			}
		}
	}
	return sum, nil
}

// processStat returns parent, utime, stime, cutime and cstime of a process.
func processStat(pid int) (fields [5]int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return fields, err
	}
	// The name of the program, in brackets, may hold anything.
	after := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(after) < 15 {
		return fields, fmt.Errorf("stat of process %d is short", pid)
	}
	for i, at := range [...]int{1, 11, 12, 13, 14} {
		if fields[i], err = strconv.ParseInt(after[at], 10, 64); err != nil {
			return fields, err
		}
	}
	return fields, nil
}

// processTicks is the processor time of one process.
func processTicks(pid int) (int64, error) {
	fields, err := processStat(pid)
	return fields[1] + fields[2], err
}

// residentMiB is what a process has in memory, in MiB.
func residentMiB(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d does not say what it has in memory", pid)
}
