package zendesk

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/httpapi/inbound"
)

// An object is a JSON object whose members have not been looked into. Those that
// nobody asks for may be anything.
type object map[string]jsontext.Value

// body reads the body of a call, a JSON object. None, an empty one and null are the
// empty object: clients send all of these where there is nothing to say.
//
// What is not called JSON says nothing either if it is posted: a page elsewhere could have had
// a browser post it, with credentials that the browser kept.
func (c *call) body() (object, error) {
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, inbound.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errJSON
	}
	if c.Method == http.MethodPost && !isJSON(c.Header.Get("Content-Type")) {
		return nil, nil
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	o := object{}
	if !inbound.Shallow(text) || json.Unmarshal(text, &o) != nil {
		return nil, errJSON
	}
	return o, nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && inbound.IsJSON(media)
}

// given returns a member that is there and not null.
func (o object) given(name string) (jsontext.Value, bool) {
	v, ok := o[name]
	return v, ok && v.Kind() != 'n'
}

// text returns a member that is to be a string. Without it the text is nil.
func (c *call) text(o object, name string) (*string, error) {
	v, ok := o.given(name)
	if !ok {
		return nil, nil
	}
	var text string
	if v.Kind() != '"' || json.Unmarshal(v, &text) != nil {
		return nil, c.attribute(name, "a string")
	}
	return &text, nil
}

// integer returns a member that is to be an integer; clients may write it as a string.
// Without it the integer is nil.
func (c *call) integer(o object, name string) (*int64, error) {
	return quotable[int64](c, o, name, "an integer")
}

// flag returns a member that is to be true or false; clients may write it as a string.
// Without it the flag is nil.
func (c *call) flag(o object, name string) (*bool, error) {
	return quotable[bool](c, o, name, "a boolean")
}

// quotable returns a member that may stand in quotes, nil without it.
func quotable[T any](c *call, o object, name, must string) (*T, error) {
	v, ok := o.given(name)
	if !ok {
		return nil, nil
	}
	value, text := new(T), bytes.Trim(v, `"`)
	if string(text) == "null" || json.Unmarshal(text, value) != nil { // a null in quotes is nothing at all
		return nil, c.attribute(name, must)
	}
	return value, nil
}

// object returns a member that is to be an object. Without it the object is nil.
func (c *call) object(o object, name string) (object, error) {
	v, ok := o.given(name)
	if !ok {
		return nil, nil
	}
	members := object{}
	if v.Kind() != '{' || json.Unmarshal(v, &members) != nil {
		return nil, c.attribute(name, "a hash")
	}
	return members, nil
}

// canonical returns an object as JSON in a form in which equal objects are equal bytes.
func canonical(o object) ([]byte, error) {
	text, err := json.Marshal(o, json.Deterministic(true))
	if err != nil {
		return nil, errJSON
	}
	value := jsontext.Value(text)
	if err := value.Canonicalize(); err != nil {
		return nil, errJSON
	}
	return value, nil
}
