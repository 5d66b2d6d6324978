package relay

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// newServerRig is a rig whose broker can be reconfigured.
func newServerRig(t *testing.T, options *server.Options) (*rig, *server.Server) {
	t.Helper()
	r := &rig{log: newLog(t), t: t}
	options.Host, options.Port, options.JetStream, options.StoreDir = "127.0.0.1", -1, true, t.TempDir()
	options.NoSigs, options.NoLog = true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("NATS is not ready")
	}
	r.broker = s.ClientURL()
	r.nc = connect(t, r.broker)
	if r.js, err = jetstream.New(r.nc); err != nil {
		t.Fatal(err)
	}
	return r, s
}

// Nothing is skipped: what is too large waits, and all behind it, until it is not.
func TestRelayWaitsWhileMessagesAreTooLarge(t *testing.T) {
	options := &server.Options{MaxPayload: 100_000}
	r, s := newServerRig(t, options)
	c, rd := r.relay(), r.feed(0)
	r.append(10)
	r.awaitRelayed()
	limit := func(bytes int32) {
		t.Helper()
		changed := options.Clone()
		changed.MaxPayload = bytes
		if err := s.ReloadOptions(changed); err != nil {
			t.Fatal(err)
		}
	}
	limit(300)
	r.append(10)
	r.awaitState(c, StateRefused)
	wantError(t, c.Health(), "message 11")
	if last := r.info().State.LastSeq; last != 10 {
		t.Errorf("stream ends at %d, want 10", last)
	}
	rd.wantAll(0)
	limit(100_000)
	r.awaitRelayed()
	r.wantHealthy(c)
	r.wantDense(1)
}

func TestRelayWaitsWhileTheStoreIsFull(t *testing.T) {
	r, _ := newServerRig(t, &server.Options{JetStreamMaxStore: 500_000})
	c, rd := r.relay(), r.feed(0)
	other, err := r.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"other"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := r.js.Publish(t.Context(), "other", make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
	}
	r.append(500)
	status := r.awaitState(c, StateRefused)
	if status.Position == 0 || status.Position >= 500 {
		t.Errorf("relay stopped at %d, want it between 0 and 500", status.Position)
	}
	wantError(t, c.Health(), "resource")
	rd.wantAll(0)
	if err := other.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return statusAt(c, 500) })
	r.wantHealthy(c)
	r.wantDense(1)
}
