package v1

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/httpapi/problem"
)

// sample is a body with a member of each sort.
type sample struct {
	Text Field[string]         `json:"text"`
	Flag Field[bool]           `json:"flag"`
	Raw  Field[jsontext.Value] `json:"raw"`
}

// nasty are bodies after the manner of JSONTestSuite: what is malformed, what is
// well-formed and no object, and what a lenient parser would read differently. The
// names of the refused begin with n, those of the accepted with y.
var nasty = []struct{ Name, Body string }{
	{"n empty", ""},
	{"n space", " \t\r\n"},
	{"n NUL", "\x00"},
	{"n BOM", "\ufeff{}"},
	{"n UTF-16LE", "{\x00}\x00"},
	{"n UTF-16BE with BOM", "\xfe\xff\x00{\x00}"},
	{"n null", "null"},
	{"n true", "true"},
	{"n number", "1"},
	{"n string", `"text"`},
	{"n array", "[]"},
	{"n array of an object", "[{}]"},
	{"n lone surrogate high", `{"text":"\ud800"}`},
	{"n lone surrogate low", `{"text":"\udc00"}`},
	{"n surrogates swapped", `{"text":"\udc00\ud800"}`},
	{"n surrogate then letter", `{"text":"\ud800a"}`},
	{"n invalid UTF-8 in value", "{\"text\":\"\xff\"}"},
	{"n invalid UTF-8 in name", "{\"\xff\":1}"},
	{"n invalid UTF-8 in ignored value", "{\"x\":[\"\xed\xa0\x80\"]}"},
	{"n overlong UTF-8", "{\"text\":\"\xc0\xaf\"}"},
	{"n truncated UTF-8", "{\"text\":\"\xe2\x82\"}"},
	{"n duplicate name", `{"text":"a","text":"b"}`},
	{"n duplicate name escaped", `{"text":"a","\u0074ext":"b"}`},
	{"n duplicate ignored name", `{"x":1,"x":2}`},
	{"n duplicate name deep inside", `{"x":[{"y":1,"y":1}]}`},
	{"n trailing object", `{}{}`},
	{"n trailing comma", `{"text":"a",}`},
	{"n trailing garbage", `{} x`},
	{"n trailing NUL", "{}\x00"},
	{"n trailing bracket", `{}]`},
	{"n unclosed", `{"text":"a"`},
	{"n unclosed string", `{"text":"a`},
	{"n unclosed escape", `{"text":"\`},
	{"n only opened", `{`},
	{"n closed twice", `{}}`},
	{"n mismatched", `{"x":[}]`},
	{"n comment", `{/**/}`},
	{"n line comment", "{}//"},
	{"n single quotes", `{'text':'a'}`},
	{"n bare name", `{text:"a"}`},
	{"n number as name", `{1:1}`},
	{"n missing colon", `{"text" "a"}`},
	{"n missing value", `{"text":}`},
	{"n two values", `{"text":"a" "b"}`},
	{"n leading comma", `{,"text":"a"}`},
	{"n raw newline in string", "{\"text\":\"a\nb\"}"},
	{"n raw NUL in string", "{\"text\":\"a\x00b\"}"},
	{"n raw tab in string", "{\"text\":\"a\tb\"}"},
	{"n bad escape", `{"text":"\x41"}`},
	{"n bad unicode escape", `{"text":"\u00g0"}`},
	{"n short unicode escape", `{"text":"\u00"}`},
	{"n upper-case escape", `{"text":"\U00000041"}`},
	{"n leading zero", `{"x":01}`},
	{"n plus sign", `{"x":+1}`},
	{"n bare fraction", `{"x":.5}`},
	{"n ending point", `{"x":1.}`},
	{"n bare exponent", `{"x":1e}`},
	{"n hexadecimal", `{"x":0x1}`},
	{"n NaN", `{"x":NaN}`},
	{"n infinity", `{"x":-Infinity}`},
	{"n True", `{"x":True}`},
	{"n nul", `{"x":nul}`},
	{"n form feed as space", "{\f}"},
	{"n no-break space", "{\u00a0}"},
	{"n text is number", `{"text":1}`},
	{"n text is array", `{"text":["a"]}`},
	{"n text is object", `{"text":{}}`},
	{"n text is bool", `{"text":true}`},
	{"n flag is string", `{"flag":"true"}`},
	{"n flag is number", `{"flag":1}`},
	{"n 65 deep", strings.Repeat(`{"x":`, 64) + "[]" + strings.Repeat("}", 64)},
	{"n 100,000 arrays deep", `{"x":` + strings.Repeat("[", 100_000)},
	{"n 100,000 objects deep", strings.Repeat(`{"x":`, 100_000)},

	{"y empty", `{}`},
	{"y spaced", " \n{ \t\"text\" :\r\"a\" } \n"},
	{"y 64 deep", strings.Repeat(`{"x":`, 63) + "[]" + strings.Repeat("}", 63)},
	{"y brackets in strings", `{"x":"` + strings.Repeat("[", 1000) + `\"{"}`},
	{"y empty name", `{"":1}`},
	{"y huge exponent ignored", `{"x":1e400}`},
	{"y minus zero ignored", `{"x":-0}`},
	{"y long number ignored", `{"x":` + strings.Repeat("9", 10_000) + `}`},
	{"y pair of surrogates", `{"text":"\ud83d\ude00"}`},
	{"y noncharacter", `{"text":"\uffff"}`},
	{"y escaped NUL", `{"text":"\u0000"}`},
	{"y escaped slash", `{"text":"\/"}`},
	{"y DEL", "{\"text\":\"\x7f\"}"},
	{"y null", `{"text":null,"flag":null,"raw":null}`},
	{"y proto", `{"__proto__":{"text":"a"},"constructor":1}`},
}

func TestDecodeCorpus(t *testing.T) {
	for _, tt := range nasty {
		t.Run(tt.Name, func(t *testing.T) {
			err := decode([]byte(tt.Body), new(sample))
			if accepted := err == nil; accepted != (tt.Name[0] == 'y') {
				t.Fatalf("decode: %v", err)
			}
			if err != nil && problem.From(err).Code != problem.BadRequest {
				t.Errorf("decode: %v; want code %s", err, problem.BadRequest)
			}
		})
	}
}

func TestDecodeTellsAbsentFromNull(t *testing.T) {
	for _, tt := range []struct {
		body string
		want sample
	}{
		{`{}`, sample{}},
		{`{"text":null}`, sample{Text: Field[string]{Set: true, Null: true}}},
		{`{"text":""}`, sample{Text: Field[string]{Set: true}}},
		{`{"flag":false}`, sample{Flag: Field[bool]{Set: true}}},
		{`{"flag":true}`, sample{Flag: Field[bool]{Set: true, Value: true}}},
		{`{"Text":"a","TEXT":"b","te\u0000xt":"c","text ":"d"}`, sample{}},
		{`{"t\u0065xt":"a"}`, sample{Text: Field[string]{Set: true, Value: "a"}}},
	} {
		var got sample
		if err := decode([]byte(tt.body), &got); err != nil {
			t.Errorf("decode(%s): %v", tt.body, err)
		} else if got.Text != tt.want.Text || got.Flag != tt.want.Flag || got.Raw.Set {
			t.Errorf("decode(%s) = %+v, want %+v", tt.body, got, tt.want)
		}
	}
}

// TestDecodeNamesTheField: a caller is told which of our members is wrong, and
// never sees what they sent.
func TestDecodeNamesTheField(t *testing.T) {
	err := decode([]byte(`{"text":{"canary":"s3cret"}}`), new(sample))
	if p := problem.From(err); !strings.Contains(p.Detail, "text") || strings.Contains(p.Detail, "canary") {
		t.Errorf("detail = %q; want the name of the member and nothing of its value", p.Detail)
	}
}

func TestReadBody(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name   string
		header http.Header
		size   int // of the body
		want   problem.Code
	}{
		{"plain", http.Header{"Content-Type": {"application/json"}}, 20, ""},
		{"charset", http.Header{"Content-Type": {`application/JSON; charset="UTF-8"`}}, 20, ""},
		{"suffix", http.Header{"Content-Type": {"application/merge-patch+json"}}, 20, ""},
		{"identity", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"identity"}}, 20, ""},
		{"at the limit", http.Header{"Content-Type": {"application/json"}}, maxBody, ""},
		{"above the limit", http.Header{"Content-Type": {"application/json"}}, maxBody + 1, problem.PayloadTooLarge},
		{"far above the limit", http.Header{"Content-Type": {"application/json"}}, 4 * maxBody, problem.PayloadTooLarge},
		{"no type", http.Header{}, 20, problem.UnsupportedMedia},
		{"empty type", http.Header{"Content-Type": {""}}, 20, problem.UnsupportedMedia},
		{"two types", http.Header{"Content-Type": {"application/json", "application/json"}}, 20, problem.UnsupportedMedia},
		{"form", http.Header{"Content-Type": {form}}, 20, problem.UnsupportedMedia},
		{"text", http.Header{"Content-Type": {"text/json"}}, 20, problem.UnsupportedMedia},
		{"image", http.Header{"Content-Type": {"image/svg+json"}}, 20, problem.UnsupportedMedia},
		{"other charset", http.Header{"Content-Type": {"application/json; charset=utf-16"}}, 20, problem.UnsupportedMedia},
		{"malformed", http.Header{"Content-Type": {"application/json; charset"}}, 20, problem.UnsupportedMedia},
		{"gzip", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, 20, problem.UnsupportedMedia},
		{"gzip twice", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"identity", "gzip"}}, 20, problem.UnsupportedMedia},
	} {
		for _, chunked := range []bool{false, true} {
			body := `{"text":"` + strings.Repeat("a", tt.size-len(`{"text":""}`)) + `"}`
			r := httptest.NewRequest("POST", "/", strings.NewReader(body))
			if chunked {
				r.ContentLength = -1
			}
			r.Header = tt.header
			err := readBody(httptest.NewRecorder(), r, new(sample))
			if code := codeOf(err); code != tt.want {
				t.Errorf("%s, chunked %t: code = %q (%v), want %q", tt.name, chunked, code, err, tt.want)
			}
		}
	}
}

func codeOf(err error) problem.Code {
	var e *problem.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// FuzzDecode: whatever comes in, an accepted body is a valid JSON object in UTF-8,
// and reads the same when it is written out canonically and read again.
func FuzzDecode(f *testing.F) {
	for _, tt := range nasty {
		if len(tt.Body) < 1000 {
			f.Add([]byte(tt.Body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second sample
		err := decode(body, &first)
		if err != nil {
			if problem.From(err).Status != 400 {
				t.Fatalf("decode: %v", err)
			}
			return
		}
		if !utf8.Valid(body) || !utf8.ValidString(first.Text.Value) {
			t.Error("accepted invalid UTF-8")
		}
		canonical := jsontext.Value(bytes.Clone(body))
		if err := canonical.Canonicalize(); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		if canonical[0] != '{' {
			t.Fatal("accepted what is no object")
		}
		if err := decode(canonical, &second); err != nil {
			t.Fatalf("decode of the canonical form: %v", err)
		}
		if first.Text != second.Text || first.Flag != second.Flag || first.Raw.Set != second.Raw.Set {
			t.Errorf("%+v read again is %+v", first, second)
		}
	})
}
