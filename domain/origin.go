package domain

import "time"

// Origin says of a write that it happened elsewhere, in a helpdesk whose history was taken
// over: which audit it was there, and when. What has happened is not judged again: nobody
// asks who was allowed to do it, nor whether the ticket was closed.
type Origin struct {
	Audit int64     `json:"audit"` // its number there
	At    time.Time `json:"at"`
}

// recorded is the origin as events have it: in UTC, and no more precise than the log.
func (o *Origin) recorded() *Origin {
	if o == nil {
		return nil
	}
	return &Origin{Audit: o.Audit, At: o.At.UTC().Truncate(time.Microsecond)}
}

// HappenedAt returns when that happened which was recorded at a time: then, unless its
// origin names an earlier time. Nothing happens after it was recorded.
func (m Meta) HappenedAt(recorded time.Time) time.Time {
	if m.Origin != nil && m.Origin.At.Before(recorded) {
		return m.Origin.At
	}
	return recorded
}
