package zendesk

import (
	"fmt"
	"time"
)

// Served returns the methods and paths of all operations, as the OpenAPI document
// writes them.
func Served() []string {
	var served []string
	for _, op := range operations {
		path := root + op.path
		if op.path == "/openapi" {
			path += ".json"
		}
		served = append(served, op.method+" "+path)
	}
	return served
}

// LimitExports sets how many audits beyond those asked for an export may have, and after
// how many bytes it ends.
func (a *API) LimitExports(second, bytes int) { a.exports = exportLimits{second, bytes} }

// Crowd counts n users of a quota of one in an hour at one moment, and one user twice at
// that moment and again after the hour. It returns how many users are known at the end, and
// what became of the last three uses.
func Crowd(n int) (known int, allowed [3]bool) {
	m, at := newMeter(Quota{1, time.Hour}, ""), time.Now()
	for i := range n {
		m.take(fmt.Sprint(i), at)
	}
	_, allowed[0] = m.take("last", at)
	_, allowed[1] = m.take("last", at.Add(time.Hour-1))
	_, allowed[2] = m.take("last", at.Add(time.Hour))
	return len(m.used), allowed
}
