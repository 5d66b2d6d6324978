package v1

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Field is a member of a body, which may be absent, null or a value. The zero
// Field is absent.
type Field[T any] struct {
	Set   bool // it is there, be it null
	Null  bool
	Value T // zero if absent or null
}

// UnmarshalJSONFrom reads the value of the member.
func (f *Field[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	f.Set = true
	if dec.PeekKind() == jsontext.KindNull {
		f.Null = true
		return dec.SkipValue()
	}
	return json.UnmarshalDecode(dec, &f.Value)
}

// given reports whether there is a value.
func (f *Field[T]) given() bool { return f.Set && !f.Null }

// Schema is that of the value: whether null is allowed, the tags of the member say.
func (Field[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}
