package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// How often another port, or the end of an old server's last process, is tried for.
	maxAttempts = 10
	// What a server gets for an immediate shutdown before it is killed.
	quitPatience = 5 * time.Second
)

// launch starts the server where there is none and makes sure of the database. The
// caller holds changing.
func (p *Postgres) launch(ctx context.Context) error {
	if err := clearOrphan(ctx, p.home.data(), p.cfg.Logger); err != nil {
		return err
	}
	if err := p.makeSockets(); err != nil {
		return err
	}
	err := p.up(ctx)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "28P01" {
		p.cfg.Logger.Warn("the password on file is not the one of the cluster: setting it", "data", p.home.data())
		if err = p.shutdown(ctx); err == nil {
			err = p.home.setPassword(ctx, p.bin, p.password)
		}
		if err == nil {
			err = p.up(ctx)
		}
	}
	if err != nil {
		return errors.Join(err, p.shutdown(ctx))
	}
	return nil
}

// up starts the server, a few times if need be, and makes sure of the database.
func (p *Postgres) up(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		err := p.try(ctx)
		if err == nil {
			return p.ensureDatabase(ctx)
		}
		var early *earlyExitError
		if !errors.As(err, &early) || !early.passing(p.anyPort()) || attempt == maxAttempts {
			return err
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// anyPort reports whether no port was promised to anybody yet.
func (p *Postgres) anyPort() bool { return p.Port() == 0 && p.cfg.Port == 0 }

// try starts the server once and waits until it takes connections.
func (p *Postgres) try(ctx context.Context) error {
	port := p.cfg.Port
	if before := p.Port(); before != 0 {
		port = before
	}
	if port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return err
		}
	}
	if err := p.home.configure(port, p.sockets, p.cfg.Settings); err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	log, err := openLog(p.home.log())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.bin.path("postgres"), "-D", p.home.data())
	p.home.prepare(cmd)
	cmd.Stdout, cmd.Stderr = log.File, log.File
	proc, err := spawn(cmd)
	if err != nil {
		return err
	}
	if err := p.home.awaitReady(ctx, proc); err != nil {
		_ = end(ctx, proc)
		return &earlyExitError{err, log.sinceOpen()}
	}
	p.mu.Lock()
	p.proc, p.port = proc, port
	p.mu.Unlock()
	return nil
}

// awaitReady waits until the server says in its lock file that it is ready.
func (h home) awaitReady(ctx context.Context, proc *process) error {
	for {
		if pm, err := readPostmasterPID(h.data()); err == nil && pm.ready && pm.pid == proc.pid() {
			return nil
		}
		if !proc.running() {
			return fmt.Errorf("the server ended at once: %w", proc.err)
		}
		if !sleep(ctx, pollEvery) {
			return fmt.Errorf("the server was not ready in time: %w", ctx.Err())
		}
	}
}

// ensureDatabase makes the database if the cluster is new, or if its first start
// was cut short.
func (p *Postgres) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", dbName).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+dbName)
	}
	if err != nil {
		return fmt.Errorf("make database %s: %w", dbName, err)
	}
	return nil
}

// shutdown ends the server if it runs. The caller holds changing.
func (p *Postgres) shutdown(ctx context.Context) error {
	if proc := p.process(); proc != nil {
		return end(ctx, proc)
	}
	return nil
}

// end asks for a fast shutdown, and less and less gently once ctx has ended. The
// process has ended when it returns.
func end(ctx context.Context, proc *process) error {
	proc.stopped.Store(true)
	if !proc.running() {
		return nil
	}
	if err := proc.signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("stop Postgres: %w", err)
	}
	select {
	case <-proc.exited:
		return nil
	case <-ctx.Done():
	}
	_ = proc.signal(syscall.SIGQUIT)
	select {
	case <-proc.exited:
	case <-time.After(quitPatience):
		_ = proc.signal(syscall.SIGKILL)
		<-proc.exited
	}
	return fmt.Errorf("stop Postgres: it had to be cut off: %w", ctx.Err())
}

// makeSockets makes the directory of the socket, the same as before if there was one.
func (p *Postgres) makeSockets() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tmpSockets {
		return p.home.remakeSocketDir(p.sockets)
	}
	p.sockets, p.tmpSockets, err = p.home.socketDir()
	return err
}

func (p *Postgres) removeSockets() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets != "" {
		_ = os.RemoveAll(p.sockets) // the next start sweeps
	}
}
