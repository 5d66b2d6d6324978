package relay

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// line is a connection to NATS of whoever publishes. A server closes a connection for good on
// which something comes that it finds too large; that must not be everybody's.
type line struct {
	options nats.Options

	nc        *nats.Conn
	js        jetstream.JetStream
	connected chan nats.Status
}

// dial makes the connection unless there is one that is not closed, and reports whether
// it did. It need not be up: it comes up by itself.
func (l *line) dial() (fresh bool, err error) {
	if l.nc != nil && !l.nc.IsClosed() {
		return false, nil
	}
	l.hangUp()
	nc, err := l.options.Connect()
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	l.nc = nc
	if l.js, err = jetstream.New(nc); err != nil {
		return false, err
	}
	l.connected = nc.StatusChanged(nats.CONNECTED)
	return true, nil
}

func (l *line) hangUp() {
	if l.nc != nil {
		l.nc.Close()
		l.nc = nil
	}
}
