package vault

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
)

// Document is the text of a comment, or a ticket's subject, as it is sealed.
// Readers ignore members that they do not know.
type Document struct {
	Body   string        `json:"body"`          // first: BodyJSON relies on it
	HTML   string        `json:"html,omitzero"` // sanitised; empty: the author gave text
	Client domain.Client `json:"client,omitzero"`
	// Custom, Voice, Source and Flagged are JSON objects, as domain.ParseCustom returns them.
	Custom      jsontext.Value      `json:"custom,omitzero"`
	Voice       jsontext.Value      `json:"voice,omitzero"`
	Source      jsontext.Value      `json:"source,omitzero"`
	Flagged     jsontext.Value      `json:"flagged,omitzero"`
	Attachments []domain.Attachment `json:"attachments,omitzero"`
}

// DocumentOf returns what is sealed of a text.
func DocumentOf(b domain.Body, client domain.Client) Document {
	return Document{
		Body: b.Text, HTML: b.HTML, Client: client, Custom: valueOf(b.Custom), Voice: valueOf(b.Voice), Source: valueOf(b.Source),
		Flagged: valueOf(b.Flagged), Attachments: b.Attachments,
	}
}

// valueOf returns nil, which is left out, where there is nothing.
func valueOf(object string) jsontext.Value {
	if object == "" {
		return nil
	}
	return jsontext.Value(object)
}

// Written returns what DocumentOf was given.
func (d Document) Written() domain.Body {
	return domain.Body{
		Text: d.Body, HTML: d.HTML, Custom: string(d.Custom), Voice: string(d.Voice), Source: string(d.Source),
		Flagged: string(d.Flagged), Attachments: d.Attachments,
	}
}

// Person is the name and the address of a user, as they are sealed.
type Person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// EncodeDocument returns d as JSON, the same bytes for the same document. Bytes
// that are not UTF-8, as a user agent may send, become U+FFFD.
func EncodeDocument(d Document) []byte { return encode(d) }

// DecodeDocument reads what EncodeDocument wrote. The error is ErrDamaged.
func DecodeDocument(document []byte) (Document, error) { return decode[Document](document) }

// EncodePerson returns p as JSON, in the same way as EncodeDocument.
func EncodePerson(p Person) []byte { return encode(p) }

// DecodePerson reads what EncodePerson wrote. The error is ErrDamaged.
func DecodePerson(document []byte) (Person, error) { return decode[Person](document) }

var bodyStart = []byte(`{"body":"`)

// BodyJSON returns the body of an encoded document as the JSON string that it is
// in there, so that a list of comments can be joined without decoding any. It
// shares the memory of document. The error is ErrDamaged.
func BodyJSON(document []byte) (jsontext.Value, error) {
	if !bytes.HasPrefix(document, bodyStart) {
		return nil, ErrDamaged
	}
	literal := document[len(bodyStart)-1:]
	for end := 1; ; end++ {
		quote := bytes.IndexByte(literal[end:], '"')
		if quote < 0 {
			return nil, ErrDamaged
		}
		text := literal[1 : end+quote]
		end += quote
		// A quote after an odd number of backslashes is part of the text.
		if backslashes := len(text) - len(bytes.TrimRight(text, `\`)); backslashes%2 == 0 {
			return jsontext.Value(literal[: end+1 : end+1]), nil
		}
	}
}

func encode(v any) []byte {
	b, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("vault: a struct of strings does not encode") // and err may quote them
	}
	return b
}

func decode[T any](document []byte) (v T, err error) {
	if json.Unmarshal(document, &v) != nil { // whose error may quote the text
		return *new(T), ErrDamaged
	}
	return v, nil
}
