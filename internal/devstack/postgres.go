package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"
)

// PostgresConfig says where a Postgres keeps its things. Only Dir is required.
type PostgresConfig struct {
	// Dir is the folder of the stack; the cluster is in Dir/postgres, its log in
	// Dir/postgres.log. It is made if it is missing.
	Dir string
	// Port on the loopback address. The default is one that is free.
	Port int
	// Settings are written to postgresql.conf after, and so in place of, our own.
	Settings map[string]string
	// Pristine is a folder that keeps a new cluster, to be copied in place of one
	// that takes initdb a second to make. For tests, which start many servers: the
	// copies share their password and system identifier.
	Pristine string
	// CacheDir keeps server binaries that had to be downloaded. The default is a
	// folder "commentd" in the user's cache folder.
	CacheDir string
	// Logger hears what an operator should know. The default is silence.
	Logger *slog.Logger

	search     *places // where binaries are looked for; tests find nothing
	repository string  // where they are downloaded from; tests have their own
}

// Postgres is a server that this process started. Its methods are safe for
// concurrent use; those that start or end it wait for one another.
type Postgres struct {
	cfg      PostgresConfig
	home     home
	bin      Binaries
	password string

	changing sync.Mutex // held while the server is started or ended
	lock     *folderLock

	mu         sync.Mutex // guards what follows
	proc       *process
	port       int
	sockets    string
	tmpSockets bool
}

// startTimeout bounds a start whose context has no deadline of its own. Recovery
// after a crash is the long part of a start.
const startTimeout = 2 * time.Minute

// StartPostgres starts the server of cfg.Dir and returns when it takes
// connections and has the database. ctx bounds the start only. The error is a
// *LockedError if another process uses the folder, and wraps ErrNoPostgres if
// there is no server to start.
func StartPostgres(ctx context.Context, cfg PostgresConfig) (*Postgres, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	p := &Postgres{cfg: cfg}
	err := p.open(ctx)
	if err == nil {
		err = p.Restart(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	return p, nil
}

// open finds the data and the binaries that can read it, and makes the cluster if
// there is none.
func (p *Postgres) open(ctx context.Context) (err error) {
	if p.home, err = findHome(p.cfg.Dir, p.cfg.Logger); err != nil {
		return err
	}
	if p.lock, err = lockFolder(p.home.lock()); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			p.unlock()
		}
	}()
	version, err := dataVersion(p.home.data())
	if err != nil {
		return err
	}
	if p.bin, err = p.binaries(ctx, version); err != nil {
		return err
	}
	if version == 0 {
		fill := p.home.initdb(ctx, p.bin)
		if p.cfg.Pristine != "" {
			fill = p.home.copyPristine(ctx, p.bin, p.cfg.Pristine)
		}
		if err := p.home.initialise(fill); err != nil {
			return err
		}
	}
	p.password, err = secret(p.home.password(), p.home.as)
	return err
}

// binaries finds those for a cluster of the given version, 0 for a new one.
func (p *Postgres) binaries(ctx context.Context, version int) (Binaries, error) {
	search := searchPath()
	if p.cfg.search != nil {
		search = *p.cfg.search
	}
	bin, err := findPostgres(ctx, search, version)
	if errors.Is(err, ErrNoPostgres) {
		return p.download(ctx, version)
	}
	return bin, err
}

// Restart ends the server if it runs and starts it again, on the same port and
// socket, so that clients find it where it was.
func (p *Postgres) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	p.changing.Lock()
	defer p.changing.Unlock()
	if err := p.shutdown(ctx); err != nil {
		return err
	}
	var err error
	if p.lock == nil {
		if p.lock, err = lockFolder(p.home.lock()); err != nil {
			return err
		}
	}
	if err = p.launch(ctx); err != nil {
		p.removeSockets()
		p.unlock()
	}
	return err
}

// Stop ends the server by a fast shutdown: sessions are broken off, what was
// committed is checkpointed. If ctx ends first the server is told to drop
// everything, which costs the next start a recovery but no data, and ctx's error
// is returned. In any case the server has ended when Stop returns. Restart may
// follow.
func (p *Postgres) Stop(ctx context.Context) error {
	p.changing.Lock()
	defer p.changing.Unlock()
	err := p.shutdown(ctx)
	p.removeSockets()
	p.unlock()
	return err
}

// Kill ends the postmaster and all its children with SIGKILL, as a crash would,
// and waits until they are gone. Done is closed, as after any death nobody asked
// for. The data stay locked for Restart, until Stop.
func (p *Postgres) Kill() error {
	p.changing.Lock()
	defer p.changing.Unlock()
	proc := p.process()
	if proc == nil || !proc.running() {
		return nil
	}
	data := p.home.data()
	// The children are in process groups of their own, hence one by one; the
	// postmaster first, so that it does not answer their deaths with new ones. Most
	// see its death themselves.
	children := serversOn(data)
	if err := proc.signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill Postgres: %w", err)
	}
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-proc.exited
	for _, pid := range serversOn(data) { // born meanwhile
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if !gone(context.Background(), data, 10*time.Second) {
		return fmt.Errorf("kill Postgres: processes %v do not end", serversOn(data))
	}
	return nil
}

// Done returns a channel that is closed if the server that runs now ends without
// having been asked to by Stop, Restart or Remove.
func (p *Postgres) Done() <-chan struct{} { return p.process().died }

// Port returns the port on the loopback address. It stays the same over a Restart.
func (p *Postgres) Port() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.port
}

// PID returns the process id of the server, also after it has ended.
func (p *Postgres) PID() int { return p.process().pid() }

// Dir returns the folder it was started on, free of links.
func (p *Postgres) Dir() string { return p.home.dir }

// Version returns the major version of the server.
func (p *Postgres) Version() int { return p.bin.Version }

func (p *Postgres) process() *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proc
}

// unlock lets others have the folder. The caller holds changing.
func (p *Postgres) unlock() {
	if p.lock != nil {
		p.lock.release()
		p.lock = nil
	}
}
