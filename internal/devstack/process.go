package devstack

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
)

// A process is a running child.
type process struct {
	cmd     *exec.Cmd
	exited  chan struct{} // closed at the end; err is set before
	died    chan struct{} // closed before exited if nobody had asked for the end
	stopped atomic.Bool   // somebody asked
	err     error
}

// spawn starts cmd. Should this process die without stopping it, the kernel asks
// the child to stop, where the kernel can (see dieWithParent).
func spawn(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{}), died: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run owns the child from its start to its end. Linux ties the parent's death to
// the thread that forked and not to the process, so that thread has to live as
// long as the child: this goroutine keeps it to itself and spends the time
// waiting on it. The thread ends with the goroutine, since it is never unlocked.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	dieWithParent(p.cmd.SysProcAttr)
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	if !p.stopped.Load() {
		close(p.died)
	}
	close(p.exited)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// signal sends sig to the child; that it has ended already is no error.
func (p *process) signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
