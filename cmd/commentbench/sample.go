package main

import (
	"slices"
	"time"
)

// sample is what one measurement of a probe gave.
type sample struct {
	count   int           // calls that were answered as they should be
	failed  int           // calls that were not
	elapsed time.Duration // of the measurement
	busy    float64       // processor time of the whole run meanwhile, in seconds; 0: unknown
	latency []time.Duration
}

// rate is in calls per second.
func (s sample) rate() float64 { return float64(s.count) / s.elapsed.Seconds() }

// cost is processor time per call in microseconds: of the service, Postgres, NATS and
// the caller. It depends less on what else the machine does than the rate.
func (s sample) cost() float64 { return s.busy * 1e6 / float64(max(1, s.count)) }

func (s sample) p50() float64 { return milliseconds(quantile(s.latency, 0.50)) }
func (s sample) p99() float64 { return milliseconds(quantile(s.latency, 0.99)) }

// meanRate is the calls per second that one caller would make who does nothing else.
func (s sample) meanRate() float64 {
	var sum time.Duration
	for _, l := range s.latency {
		sum += l
	}
	return float64(len(s.latency)) / sum.Seconds()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// quantile sorts d and returns the value that the share q of d does not exceed.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(q*float64(len(d))))]
}

// A series is what a number came out as, round by round.
type series []float64

func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

func (s series) min() float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Min(s)
}

func (s series) max() float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Max(s)
}

// over divides round by round: what disturbs the machine for longer than a round
// disturbs both sides of the ratio.
func (s series) over(floor series) series {
	ratios := make(series, 0, len(s))
	for i := range min(len(s), len(floor)) {
		if floor[i] > 0 {
			ratios = append(ratios, s[i]/floor[i])
		}
	}
	return ratios
}

// each turns samples into a series.
func each(samples []sample, number func(sample) float64) series {
	s := make(series, len(samples))
	for i := range samples {
		s[i] = number(samples[i])
	}
	return s
}
