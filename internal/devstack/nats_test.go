package devstack

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func startNATS(t *testing.T, store string) *NATS {
	t.Helper()
	n, err := StartNATS(t.Context(), NATSConfig{StoreDir: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	return n
}

func connectNATS(t *testing.T, url string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func logStream(t *testing.T, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG", Subjects: []string{"commentd.log.>"}}); err != nil {
		t.Fatal(err)
	}
	return js
}

func TestNATSRestartKeepsStreamAndClients(t *testing.T) {
	n := startNATS(t, filepath.Join(t.TempDir(), "nats"))
	reconnected := make(chan struct{})
	nc := connectNATS(t, n.URL(), nats.ReconnectWait(10*time.Millisecond), nats.MaxReconnects(-1),
		nats.ReconnectHandler(func(*nats.Conn) { close(reconnected) }))
	js := logStream(t, nc)
	for range 10 {
		if _, err := js.Publish(t.Context(), "commentd.log.a", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	port, dev := n.Port(), n.DevURL()
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reconnected:
	case <-time.After(10 * time.Second):
		t.Fatal("the client did not come back")
	}
	if n.Port() != port || n.DevURL() != dev {
		t.Errorf("after Restart port %d, %s; want %d, %s", n.Port(), n.DevURL(), port, dev)
	}
	s, err := js.Stream(t.Context(), "LOG") // on the connection from before
	if err != nil || s.CachedInfo().State.LastSeq != 10 {
		t.Errorf("after Restart Stream = %+v, %v; want last sequence 10", s, err)
	}
}

func TestNATSKeepsDevPasswordOnly(t *testing.T) {
	store := filepath.Join(t.TempDir(), "nats")
	password := func(url string) string { return strings.Split(strings.Split(url, ":")[2], "@")[0] }
	n := startNATS(t, store)
	internal, dev := n.URL(), n.DevURL()
	n.Stop()
	n = startNATS(t, store)
	if password(n.DevURL()) != password(dev) {
		t.Error("the password of dev changed with a new process")
	}
	if password(n.URL()) == password(internal) {
		t.Error("the internal password did not change with a new process")
	}
}

func TestNATSRefusesSecondOnFolder(t *testing.T) {
	store := filepath.Join(t.TempDir(), "nats")
	n := startNATS(t, store)
	var locked *LockedError
	if _, err := StartNATS(t.Context(), NATSConfig{StoreDir: store}); !errors.As(err, &locked) {
		t.Errorf("second StartNATS = %v; want a LockedError", err)
	}
	n.Stop()
	startNATS(t, store)
}

func TestNATSRefusesTakenPort(t *testing.T) {
	n := startNATS(t, filepath.Join(t.TempDir(), "nats"))
	_, err := StartNATS(t.Context(), NATSConfig{StoreDir: filepath.Join(t.TempDir(), "nats"), Port: n.Port()})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("StartNATS on a taken port = %v; want it to say so", err)
	}
}

func TestNATSTakesNobodyWithoutPassword(t *testing.T) {
	n := startNATS(t, filepath.Join(t.TempDir(), "nats"))
	for _, url := range []string{
		strings.Replace(n.URL(), "commentd:", "commentd:x", 1),
		"nats://" + n.URL()[strings.Index(n.URL(), "@")+1:],
	} {
		if nc, err := nats.Connect(url); !errors.Is(err, nats.ErrAuthorization) {
			nc.Close()
			t.Errorf("connect = %v; want %v", err, nats.ErrAuthorization)
		}
	}
}
