package relay

import (
	"fmt"

	"github.com/nats-io/nats.go"
)

// Poke tells the relays of other processes that the log of a shard has grown. It
// says nothing more, is not kept and may get lost: they look by themselves too, once
// a second when all is quiet.
func Poke(nc *nats.Conn, shard int16) {
	// Not connected: nothing to say and nobody to hear it.
	_ = nc.Publish(pokeSubject(shard), nil)
}

func pokeSubject(shard int16) string { return fmt.Sprintf("commentd.poke.log.%d", shard) }

// hearPokes returns a channel that holds one value if there was a poke since the
// last look.
func hearPokes(nc *nats.Conn, shard int16) (<-chan struct{}, *nats.Subscription, error) {
	pokes := make(chan struct{}, 1)
	sub, err := nc.Subscribe(pokeSubject(shard), func(*nats.Msg) {
		select {
		case pokes <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return nil, nil, fmt.Errorf("subscribe to pokes: %w", err)
	}
	return pokes, sub, nil
}
