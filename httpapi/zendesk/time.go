package zendesk

import "time"

// A stamp is a time as it is shown: UTC, whole seconds, with a literal Z. Some clients
// read no other form.
type stamp time.Time

// MarshalJSON returns the time as a JSON string.
func (s stamp) MarshalJSON() ([]byte, error) {
	return append(time.Time(s).UTC().AppendFormat([]byte{'"'}, time.RFC3339), '"'), nil
}

func now() time.Time { return time.Now() }
