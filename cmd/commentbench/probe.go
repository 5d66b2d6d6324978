package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// probe is one thing that is measured, by itself, for about d.
type probe struct {
	name string
	run  func(ctx context.Context, d time.Duration) (sample, error)
}

// interleave measures the probes one after the other, as often as there are rounds,
// every other time in reverse, so that product and floor share the machine's
// moods. A short pass that does not count comes first.
func (b *bench) interleave(ctx context.Context, probes ...probe) (map[string][]sample, error) {
	d := time.Duration(b.Seconds * float64(time.Second))
	samples := make(map[string][]sample)
	for round := -1; round < b.Rounds; round++ {
		for i := range probes {
			p := probes[i]
			if round%2 != 0 {
				p = probes[len(probes)-1-i]
			}
			length := d
			if round < 0 {
				length = d / 4
			}
			before, unknown := treeTicks(os.Getpid())
			s, err := p.run(ctx, length)
			if after, err := treeTicks(os.Getpid()); unknown == nil && err == nil {
				s.busy = float64(after-before) / ticksPerSecond
			}
			b.correct.Failed += s.failed
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if round >= 0 {
				samples[p.name] = append(samples[p.name], s)
				b.say("round %d of %d: %-40s %8.0f/s %6.0f µs each, p50 %6.2f ms, p99 %6.2f ms", round+1, b.Rounds, p.name, s.rate(), s.cost(), s.p50(), s.p99())
			}
		}
	}
	return samples, nil
}
