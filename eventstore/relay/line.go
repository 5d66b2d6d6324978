package relay

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// line is the relay's own connection to NATS. A server closes a connection for good on
// which something comes that it finds too large; that must not be everybody's.
type line struct {
	options nats.Options

	nc        *nats.Conn
	js        jetstream.JetStream
	pokes     <-chan struct{}
	connected chan nats.Status
}

// dial makes the connection unless there is one that is not closed. It need not be
// up: it comes up by itself.
func (l *line) dial(shard int16) error {
	if l.nc != nil && !l.nc.IsClosed() {
		return nil
	}
	l.hangUp()
	nc, err := l.options.Connect()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	l.nc = nc
	if l.js, err = jetstream.New(nc); err != nil {
		return err
	}
	l.connected = nc.StatusChanged(nats.CONNECTED)
	// The subscription ends with the connection.
	l.pokes, _, err = hearPokes(nc, shard)
	return err
}

func (l *line) hangUp() {
	if l.nc != nil {
		l.nc.Close()
		l.nc = nil
	}
}
