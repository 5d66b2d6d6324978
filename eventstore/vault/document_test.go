package vault

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
)

func TestEncodeDocument(t *testing.T) {
	for _, tt := range []struct {
		name string
		d    Document
		want string
	}{
		{"body alone", Document{Body: "Hello"}, `{"body":"Hello"}`},
		{"nothing", Document{}, `{"body":""}`},
		{"a client", Document{Body: "Hi", Client: domain.Client{IP: "192.0.2.1", UserAgent: "curl/8"}},
			`{"body":"Hi","client":{"ip":"192.0.2.1","agent":"curl/8"}}`},
		{"an address alone", Document{Body: "Hi", Client: domain.Client{IP: "::1"}}, `{"body":"Hi","client":{"ip":"::1"}}`},
		{"what JSON escapes", Document{Body: "\"\\\n\x00\x1f</script>\u2028é😀"}, `{"body":"\"\\\n\u0000\u001f</script>` + "\u2028é😀\"}"},
		{"html and custom metadata", DocumentOf(domain.Body{Text: "Hi", HTML: "<b>Hi</b>", Custom: `{"a":[1]}`}, domain.Client{IP: "::1"}),
			`{"body":"Hi","html":"<b>Hi</b>","client":{"ip":"::1"},"custom":{"a":[1]}}`},
		{"an agent that is not UTF-8", Document{Body: "Hi", Client: domain.Client{UserAgent: "\xff"}}, "{\"body\":\"Hi\",\"client\":{\"agent\":\"\ufffd\"}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(EncodeDocument(tt.d)); got != tt.want {
				t.Errorf("EncodeDocument(%+v) = %s; want %s", tt.d, got, tt.want)
			}
		})
	}
}

func TestDocumentComesBack(t *testing.T) {
	for _, want := range []domain.Body{{}, {Text: "a"}, {Text: "a", HTML: "<p>a</p>", Custom: `{"n":1e3,"s":"\né","o":{"a":[null,true]}}`},
		{Text: "call", Voice: `{"from":"1"}`, Attachments: []domain.Attachment{
			{Number: 1 << 50, Name: "é.png", Type: "image/png", Size: 7, Width: 1, Height: 2, Inline: true, Blob: domain.BlobID{1}, Key: [32]byte{31: 2}, Digest: [32]byte{3},
				Thumbnails: []domain.Attachment{{Number: 9, Name: "t"}}},
			{Number: 3, Original: true},
		}},
	} {
		document := EncodeDocument(DocumentOf(want, domain.Client{IP: "::1"}))
		if got, err := DecodeDocument(document); err != nil || !got.Written().Equal(want) || got.Client.IP != "::1" {
			t.Errorf("DecodeDocument(%s) = %+v, %v; want %+v", document, got, err, want)
		}
	}
}

func TestDecodeDocumentIgnoresWhatLaterVersionsAdd(t *testing.T) {
	got, err := DecodeDocument([]byte(`{"body":"Hi","client":{"ip":"::1","port":7},"shape":"<p>Hi</p>"}`))
	if want := (Document{Body: "Hi", Client: domain.Client{IP: "::1"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("DecodeDocument = %+v, %v; want %+v", got, err, want)
	}
}

func TestDamagedDocumentsAreNotQuoted(t *testing.T) {
	for _, document := range []string{"", "secret", `{"body":"secret`, `{"body":"secret\"}`, `{"body":7}`, `{"body":{"secret":1}}`, `["secret"]`, `{"body":"\`} {
		d, err := DecodeDocument([]byte(document))
		if err != ErrDamaged || !reflect.DeepEqual(d, Document{}) {
			t.Errorf("DecodeDocument(%s) = %+v, %v; want ErrDamaged", document, d, err)
		}
		if body, err := BodyJSON([]byte(document)); err != ErrDamaged || body != nil {
			t.Errorf("BodyJSON(%s) = %s, %v; want ErrDamaged", document, body, err)
		}
	}
}

func TestPersonComesBack(t *testing.T) {
	want := Person{Name: "Ana \"Ace\" Ünal", Email: "ana@example.com"}
	document := EncodePerson(want)
	if got, err := DecodePerson(document); err != nil || got != want {
		t.Errorf("DecodePerson(%s) = %+v, %v; want %+v", document, got, err, want)
	}
	if got, err := DecodePerson([]byte(`{"name":7}`)); err != ErrDamaged || got != (Person{}) {
		t.Errorf("DecodePerson of a number = %+v, %v; want ErrDamaged", got, err)
	}
}

func TestEmailDigest(t *testing.T) {
	v, _ := benchVault(t)
	want := v.EmailDigest(7, "zoë@example.com")
	if len(want) != 32 {
		t.Errorf("EmailDigest has %d bytes, want 32", len(want))
	}
	for _, same := range []string{"Zoë@Example.COM", " zoë@example.com\n", "zoe\u0308@example.com", "ZOE\u0308@EXAMPLE.COM"} {
		if got := v.EmailDigest(7, same); !bytes.Equal(got, want) {
			t.Errorf("EmailDigest(%+q) = %x; want %x", same, got, want)
		}
	}
	for _, other := range []string{"", "zoe@example.com", "zoë@example.org"} {
		if got := v.EmailDigest(7, other); bytes.Equal(got, want) {
			t.Errorf("EmailDigest(%+q) is that of another address", other)
		}
	}
	if got := v.EmailDigest(8, "zoë@example.com"); bytes.Equal(got, want) {
		t.Error("EmailDigest is the same in two accounts")
	}
}

// BodyJSON is what an encoder would have written for the body, whatever it is.
func FuzzBodyJSON(f *testing.F) {
	for _, body := range []string{
		"", "Hello", `"`, `\`, `\"`, `"}`, `","client":{"ip":"x"}}`, strings.Repeat(`\`, 7) + `"`, strings.Repeat(`"`, 9),
		"\x00\n\t\u2028\u2029</script><!--&", "é😀\U0010ffff\ufeff", "\ufffd", `\u0041`, "tail\\",
	} {
		f.Add(body, "192.0.2.1", `agent "\`)
	}
	f.Fuzz(func(t *testing.T, body, ip, agent string) {
		if !utf8.ValidString(body) || !utf8.ValidString(ip) || !utf8.ValidString(agent) {
			t.Skip("refused at the edge")
		}
		d := Document{Body: body, Client: domain.Client{IP: ip, UserAgent: agent}}
		document := EncodeDocument(d)
		literal, err := BodyJSON(document)
		if err != nil {
			t.Fatalf("BodyJSON(%s): %v", document, err)
		}
		if want, _ := jsontext.AppendQuote(nil, body); string(literal) != string(want) {
			t.Errorf("BodyJSON(%s) = %s; want %s", document, literal, want)
		}
		var got string
		if err := json.Unmarshal(literal, &got); err != nil || got != body {
			t.Errorf("BodyJSON(%s) reads as %q, %v; want %q", document, got, err, body)
		}
		if back, err := DecodeDocument(document); err != nil || !reflect.DeepEqual(back, d) {
			t.Errorf("DecodeDocument(%s) = %+v, %v; want %+v", document, back, err, d)
		}
	})
}

// Of any bytes, BodyJSON returns what reads as the body, or ErrDamaged.
func FuzzBodyJSONOfAnything(f *testing.F) {
	f.Add([]byte(`{"body":"Hi","client":{}}`))
	f.Add([]byte(`{"body":"\\"}`))
	f.Add([]byte(`{"body":"`))
	f.Fuzz(func(t *testing.T, document []byte) {
		literal, err := BodyJSON(document)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("BodyJSON(%q) = %v", document, err)
		}
		if d, decodeErr := DecodeDocument(document); err == nil && decodeErr == nil {
			var got string
			if err := json.Unmarshal(literal, &got); err != nil || got != d.Body {
				t.Errorf("BodyJSON(%q) reads as %q, %v; want %q", document, got, err, d.Body)
			}
		}
	})
}
