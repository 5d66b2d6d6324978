package relay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/internal/metrics"
)

// childMode names the environment variable that makes the test binary another
// program, which can be killed.
const childMode = "COMMENTD_RELAY_TEST_CHILD"

var children = map[string]func() error{"nats": natsChild, "relay": relayChild, "outlets": outletsChild}

// natsChild is a NATS server. It reads commands: "limit" has every write to its disk
// fail from then on, "unlimit" ends that.
func natsChild() error {
	signal.Ignore(syscall.SIGXFSZ) // a write beyond the limit then fails with EFBIG
	port, err := strconv.Atoi(os.Getenv("PORT"))
	if err != nil {
		return err
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: os.Getenv("STORE"), NoSigs: true, NoLog: true,
	})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		return fmt.Errorf("not ready after %v", patience)
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		if limit.Cur = limit.Max; in.Text() == "limit" {
			limit.Cur = 1
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return nil
}

// relayChild is a relay.
func relayChild() error {
	return asChild(func(l *log, nc *nats.Conn, m *metrics.Metrics) error {
		r := New(l.Store, l.pool, nc, m, Config{Slug: slugs, BaseURL: "http://localhost"})
		r.timing = hurry
		return r.Run(context.Background())
	})
}

// outletsChild fills outlets.
func outletsChild() error {
	return asChild(func(l *log, nc *nats.Conn, m *metrics.Metrics) error {
		o := NewOutlets(l, NewOutletStore(l.pool, 0), l.watch, nc, m, Config{Slug: slugs, BaseURL: "http://localhost"})
		o.timing = hastyOutlets
		return o.Run(context.Background())
	})
}

// asChild connects to what the environment names, says that it is ready, and runs.
func asChild(run func(*log, *nats.Conn, *metrics.Metrics) error) error {
	pool, err := pgxpool.New(context.Background(), os.Getenv("LOG_URL"))
	if err != nil {
		return err
	}
	nc, err := nats.Connect(os.Getenv("NATS_URL"), nats.CustomInboxPrefix(InboxPrefix), nats.MaxReconnects(-1),
		nats.ReconnectWait(10*time.Millisecond), nats.ReconnectBufSize(-1))
	if err != nil {
		return err
	}
	m := metrics.New(prometheus.NewRegistry())
	fmt.Println("ready")
	return run(&log{Store: eventstore.New(pool, nil, m, eventstore.Config{}), pool: pool}, nc, m)
}

// child is a process of our own.
type child struct {
	*exec.Cmd
	t   testing.TB
	in  io.Writer
	out *bufio.Scanner
}

func startChild(t testing.TB, mode string, env ...string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0]), t: t}
	c.Env = append(append(os.Environ(), childMode+"="+mode), env...)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.in, c.out = in, bufio.NewScanner(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	c.expect("ready")
	return c
}

func (c *child) expect(want string) {
	c.t.Helper()
	if !c.out.Scan() || c.out.Text() != want {
		c.t.Fatalf("child said %q (%v), want %q", c.out.Text(), c.out.Err(), want)
	}
}

// tell has a NATS server do something.
func (c *child) tell(command string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		c.t.Fatal(err)
	}
	c.expect("done")
}

// kill ends the process as a crash does.
func (c *child) kill() {
	if c.ProcessState == nil {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
}

// natsProcess is a server that may be killed, on a port and a folder that it keeps.
type natsProcess struct {
	*child
	env []string
}

// newProcessRig is a rig whose broker is another process.
func newProcessRig(t testing.TB) (*rig, *natsProcess) {
	t.Helper()
	l := newLog(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	n := &natsProcess{env: []string{"STORE=" + filepath.Join(t.TempDir(), "nats"), fmt.Sprint("PORT=", port)}}
	n.child = startChild(t, "nats", n.env...)
	r := &rig{log: l, t: t, broker: fmt.Sprintf("nats://127.0.0.1:%d", port)}
	r.nc = connect(t, r.broker)
	if r.js, err = jetstream.New(r.nc); err != nil {
		t.Fatal(err)
	}
	return r, n
}

func (n *natsProcess) restart() {
	n.t.Helper()
	n.kill()
	n.child = startChild(n.t, "nats", n.env...)
}

func TestBrokerKilledUnderLoad(t *testing.T) {
	r, n := newProcessRig(t)
	c, rd := r.relay(), r.feed(0)
	appending := r.load(150)
	for range 6 {
		time.Sleep(rand.N(150 * time.Millisecond))
		n.restart()
	}
	appending.Wait()
	r.awaitRelayed()
	r.wantDense(1)
	r.wantHealthy(c)
	rd.wantAll(0)
}

func TestRelaysKilledUnderLoad(t *testing.T) {
	r := newRig(t)
	rd := r.feed(0)
	start := func() *child { return startChild(t, "relay", "LOG_URL="+r.url, "NATS_URL="+r.broker) }
	relays := []*child{start(), start()}
	appending := r.load(150)
	for range 8 {
		time.Sleep(rand.N(100 * time.Millisecond))
		i := rand.N(len(relays))
		relays[i].kill()
		relays[i] = start()
	}
	appending.Wait()
	r.awaitRelayed()
	r.wantDense(1)
	rd.wantAll(0)
}

// A relay that is stopped keeps its lease, and goes on where it was when it is resumed.
func TestRelayPausedUnderLoad(t *testing.T) {
	r := newRig(t)
	start := func() *child { return startChild(t, "relay", "LOG_URL="+r.url, "NATS_URL="+r.broker) }
	relays := []*child{start(), start(), start()}
	for i := range 6 {
		appending := r.load(30)
		paused := relays[i%3]
		time.Sleep(rand.N(30 * time.Millisecond))
		if err := paused.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		appending.Wait()
		if i%2 == 0 {
			r.awaitRelayed() // without the one that is paused
			appending = r.load(30)
		}
		if err := paused.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		appending.Wait()
		r.awaitRelayed()
	}
	r.wantDense(1)
}

// After one failed write a stream takes nothing more, even when its disk is well
// again, until its server is restarted.
func TestSickStreamIsNamedAndItsServerRestarted(t *testing.T) {
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprintf("own server %t", own), func(t *testing.T) {
			r, n := newProcessRig(t)
			c := r.relay(func(r *Relay) {
				if own {
					r.config.RestartNATS = func(context.Context) error { n.restart(); return nil }
				}
			})
			r.append(100)
			r.awaitRelayed()
			n.tell("limit")
			r.append(50)
			if !own {
				status := r.awaitState(c, StateSick)
				wantError(t, c.Health(), "restart nats-server")
				n.tell("unlimit")
				r.append(50)
				if got := c.Status(); got.Since != status.Since {
					t.Errorf("relay went from %+v to %+v when the disk was well again", status, got)
				}
				n.restart()
			}
			r.awaitRelayed()
			r.append(50)
			r.awaitRelayed()
			r.wantHealthy(c)
			r.wantDense(1)
		})
	}
}
