package imports

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// telling are members that only one kind of record has, the surest first.
var telling = []struct {
	member string
	kind   kind
}{
	{"child_events", anEvent}, {"events", anAudit},
	{"comments", aTicket}, {"audits", aTicket}, {"subject", aTicket}, {"requester_id", aTicket}, {"requester", aTicket}, {"submitter_id", aTicket},
	{"role", aPerson}, {"email", aPerson},
}

// kindOf tells by its members what an object is.
func kindOf(value jsontext.Value) kind {
	in := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if in.PeekKind() != '{' {
		return unknown
	}
	if _, err := in.ReadToken(); err != nil {
		return unknown
	}
	best := len(telling)
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			return unknown
		}
		member := name.String()
		if in.SkipValue() != nil {
			return unknown
		}
		for i := range telling[:best] {
			if telling[i].member == member {
				best = i
				break
			}
		}
	}
	if best == len(telling) {
		return unknown
	}
	return telling[best].kind
}
