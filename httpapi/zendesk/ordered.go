package zendesk

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/go-json-experiment/json"
)

// A member is a name of a JSON object with its value.
type member struct {
	name  string
	value any
}

// ordered is a JSON object whose members keep their order.
type ordered []member

// MarshalJSONTo writes the members as they come.
func (o ordered) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := e.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, m.value); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

var _ json.MarshalerTo = ordered(nil)
