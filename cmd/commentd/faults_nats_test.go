package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestStreamLost takes NATS away, and then what it had stored; an administrator then
// does to the stream whatever they may. Nobody who writes or reads notices, and the
// stream comes back as the log is.
func TestStreamLost(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	store := filepath.Join(t.TempDir(), "nats")
	server, err := devstack.StartNATS(t.Context(), devstack.NATSConfig{StoreDir: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	p := newProductionOn(t, devstacktest.Postgres(t), server)
	instances := p.instances(t, "api,relay,projector,worker", "api,relay,projector,worker")
	apis := []string{instances[0].url, instances[1].url}
	l := newLedger(t, p.key)
	stop := l.write(6, 5*time.Millisecond, p.newTickets(t, apis[0], 4), apis...)
	l.awaitMore(50)

	server.Stop()
	l.awaitMore(50)
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.awaitMore(50)

	nc, err := nats.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		stream := awaitStream(t, js)
		if err := stream.Purge(t.Context()); err == nil {
			t.Error("the stream can be purged")
		}
		if err := stream.DeleteMsg(t.Context(), 20); err == nil {
			t.Error("a message can be deleted from the stream")
		}
		for name := range stream.ConsumerNames(t.Context()).Name() {
			if err := stream.DeleteConsumer(t.Context(), name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
				t.Error(err)
			}
		}
		l.awaitMore(50)
		if err := js.DeleteStream(t.Context(), "COMMENTD_LOG"); err != nil {
			t.Error(err)
		}
		l.awaitMore(50)
	}
	stop()
	if n := l.unsettled.Load(); n > 0 {
		t.Errorf("%d requests of writers failed; they do not need NATS", n)
	}
	l.settle(apis...)
	l.check(apis[1])
	p.audit(t, l, apis...)
	awaitNoLag(t, instances...)
}

// TestForgery publishes what only the relay may. The user that developers are given
// cannot; what a user without limits gets into the stream does not stay there.
func TestForgery(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	instances := p.instances(t, "api,relay,projector,worker")
	api := instances[0].url
	l := newLedger(t, p.key)
	stop := l.write(2, 5*time.Millisecond, p.newTickets(t, api, 2), api)
	l.awaitMore(50)

	const subject = "commentd.log.0.acme.public.comment.created"
	refused := make(chan error, 16)
	dev, err := nats.Connect(p.nats.DevURL(), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	for _, forbidden := range []string{subject, "_INBOX_COMMENTD.x.1"} {
		if err := dev.Publish(forbidden, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if err := <-refused; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("publishing on %s: %v", forbidden, err)
		}
		if _, err := dev.SubscribeSync(forbidden); err != nil {
			t.Fatal(err)
		}
		if err := <-refused; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("listening on %s: %v", forbidden, err)
		}
	}

	nc, err := nats.Connect(p.nats.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	forged := nats.NewMsg(subject)
	forged.Data = []byte("{}")
	for range 3 {
		awaitStream(t, js)
		if _, err := js.PublishMsg(t.Context(), forged); err != nil {
			t.Fatal(err)
		}
		l.awaitMore(50)
	}
	stop()
	l.settle(api)
	l.check(api)
	p.audit(t, l, api)
	awaitNoLag(t, instances...)
}

// awaitStream waits until the stream is there and has messages.
func awaitStream(t *testing.T, js jetstream.JetStream) (stream jetstream.Stream) {
	t.Helper()
	eventually(t, func() (err error) {
		if stream, err = js.Stream(t.Context(), "COMMENTD_LOG"); err == nil && stream.CachedInfo().State.Msgs < 20 {
			err = errors.New("the stream has no messages")
		}
		return err
	})
	return stream
}
