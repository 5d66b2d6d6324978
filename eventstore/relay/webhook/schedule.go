package webhook

import (
	"math/rand/v2"
	"time"
)

// schedule is how long is waited after the first, second, … failed attempt. An endpoint
// that is not strict gives an event up after the last of them, about a day later.
var schedule = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
}

const (
	// strictWait is the longest wait of a strict endpoint: everything waits with the event.
	strictWait = time.Hour
	// patience is after how long without a single success an endpoint is switched off.
	patience = 5 * 24 * time.Hour
)

// wait returns how long to wait after so many failed attempts, between three quarters
// and five quarters of what the schedule says, so that those that failed together do not
// come back together. It is not ok if there is to be no other attempt.
func wait(schedule []time.Duration, tries int, strict bool) (d time.Duration, ok bool) {
	if tries > len(schedule) && !strict {
		return 0, false
	}
	d = schedule[min(tries, len(schedule))-1]
	if strict {
		d = min(d, strictWait)
	}
	return d*3/4 + rand.N(d/2+1), true
}
