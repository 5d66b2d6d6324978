package eventstore

import "errors"

// An upcaster lifts a payload by one schema version.
type upcaster func(data []byte) ([]byte, error)

// upcasterTable holds, by event name and by the version it lifts from, the way to
// the current schema. Payloads are never rewritten in the log.
type upcasterTable map[string]map[int16]upcaster

// upcasters is empty as long as every event is at its first schema version.
var upcasters = upcasterTable{}

// lift applies the upcasters from version from up to version to, one by one.
func (t upcasterTable) lift(name string, from, to int16, data []byte) ([]byte, error) {
	for v := from; v < to; v++ {
		up, ok := t[name][v]
		if !ok {
			return nil, errors.New("no way to the current schema version")
		}
		var err error
		if data, err = up(data); err != nil {
			return nil, err
		}
	}
	return data, nil
}
