package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The bench runs as several processes of the same binary, so that what is measured,
// what it is measured against and the load have each their own. These variables tell
// a child what it is.
const (
	childVariable = "COMMENTBENCH_CHILD" // floors or nats
	childDatabase = "COMMENTBENCH_DATABASE"
	childStore    = "COMMENTBENCH_STORE" // folder of JetStream
	childSync     = "COMMENTBENCH_SYNC"  // always, or empty
)

// asChild runs what a child is for, if this process is one.
func asChild(ctx context.Context) (isChild bool, err error) {
	switch os.Getenv(childVariable) {
	case "":
		return false, nil
	case "floors":
		return true, serveFloors(ctx)
	case "nats":
		return true, serveNATS(ctx)
	}
	return true, fmt.Errorf("%s names nothing that there is", childVariable)
}

// process is a child.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *os.File
	log    string // file of what it writes to standard error
	exited chan struct{}
	err    error // set before exited closes
}

// spawn starts a program that logs to a new file in dir. env is added to the
// environment.
func spawn(dir, path string, args, env []string) (*process, error) {
	log, err := os.CreateTemp(dir, filepath.Base(path)+"-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.Command(path, args...), log: log.Name(), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// Not StdoutPipe: Wait would close it under the reader.
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.stdout, p.cmd.Stdout = r, w
	err = p.cmd.Start()
	_ = w.Close() // the child has its own
	if err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() { // ends with the process
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// spawnSelf starts a child of this binary and returns the line with which it says
// that it is ready.
func spawnSelf(dir, what string, env ...string) (*process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	p, err := spawn(dir, self, nil, append(env, childVariable+"="+what))
	if err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(p.stdout).ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s did not start: %s", what, p.lastWords()), p.stop())
	}
	return p, strings.TrimSpace(line), nil
}

// stopPatience is what a child gets to end by itself.
const stopPatience = 15 * time.Second

// stop asks the child to end, and kills it if it does not.
func (p *process) stop() error {
	defer p.stdout.Close()
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopPatience):
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
	return fmt.Errorf("%s did not end when asked to: %s", p.cmd.Path, p.lastWords())
}

// running returns an error once the child has ended.
func (p *process) running() error {
	select {
	case <-p.exited:
		return fmt.Errorf("%s has ended (%v): %s", p.cmd.Path, p.err, p.lastWords())
	default:
		return nil
	}
}

// lastWords is the end of the child's log.
func (p *process) lastWords() string {
	log, err := os.ReadFile(p.log)
	if err != nil {
		return "its log is gone"
	}
	return strings.TrimSpace(string(log[max(0, len(log)-2000):]))
}
