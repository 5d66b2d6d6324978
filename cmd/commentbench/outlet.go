package main

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
)

// outlet has a service of the role relay fill an outlet from the log, once the log's own
// stream is full. The log has nothing in it that is internal: either audience gets all of it.
func (d *drain) outlet(ctx context.Context, a relay.Audience, length time.Duration) (s sample, err error) {
	if _, err := d.fill(ctx, relay.StreamName(0), time.Minute); err != nil {
		return s, err
	}
	if err := relay.NewOutletStore(d.log.pool, 0).Open(ctx, d.log.account, a, 0); err != nil {
		return s, err
	}
	stream := relay.OutletStream(benchAccount, a)
	if s, err = d.fill(ctx, stream, length); err != nil {
		return s, err
	}
	err = d.check(ctx, stream, func(msg jetstream.Msg, want *eventstore.Recorded) bool {
		return msg.Headers().Get("ce-id") == want.ID.String()
	})
	if err != nil {
		return s, err
	}
	if _, err := d.log.desk.Exec(ctx, "DELETE FROM outlets.outlets"); err != nil {
		return s, err
	}
	return s, errors.Join(d.js.DeleteStream(ctx, stream), d.js.DeleteStream(ctx, relay.StreamName(0)))
}
