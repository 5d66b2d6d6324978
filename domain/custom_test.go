package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/commentd/commentd/domain"
)

func TestParseCustom(t *testing.T) {
	full := `{"a":"` + strings.Repeat("x", MaxCustom-8) + `"}`
	deep := func(n int) string { return strings.Repeat(`{"a":`, n-1) + "{}" + strings.Repeat("}", n-1) }
	for _, tt := range []struct {
		name, given, want string
		err               error
	}{
		{"an object", " { \"b\" : [ 1e3, true,null ],\n\"a\":\"x\" } ", `{"b":[1e3,true,null],"a":"x"}`, nil},
		{"one way to write a text", `{"a":"\u0041\/é\u2028\n"}`, "{\"a\":\"A/é\u2028\\n\"}", nil},
		{"nothing in it", " { } ", "", nil},
		{"of full size", full, full, nil},
		{"too long", full[:6] + "x" + full[6:], "", ErrCustom},
		{"as deep as may be", deep(32), deep(32), nil},
		{"too deep", deep(33), "", ErrCustom},
		{"an array", `[1]`, "", ErrCustom},
		{"null", `null`, "", ErrCustom},
		{"nothing", ``, "", ErrCustom},
		{"two objects", `{"a":1}{"b":1}`, "", ErrCustom},
		{"cut off", `{"a":`, "", ErrCustom},
		{"a name twice", `{"a":1,"a":2}`, "", ErrCustom},
		{"a name twice, further in", `{"a":{"b":1,"\u0062":2}}`, "", ErrCustom},
		{"not UTF-8", "{\"a\":\"\xff\"}", "", ErrCustom},
		{"half a character", `{"a":"\ud800"}`, "", ErrCustom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseCustom([]byte(tt.given))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Fatalf("ParseCustom(%.80s) = %.80s, %v; want %.80s, %v", tt.given, got, err, tt.want, tt.err)
			}
			if got != "" {
				if again, err := ParseCustom([]byte(got)); again != got || err != nil {
					t.Errorf("ParseCustom again = %.80s, %v; want the same", again, err)
				}
			}
		})
	}
}

func TestRedactCustom(t *testing.T) {
	for _, tt := range []struct{ name, given, secret, want string }{
		{"in a text", `{"a":"call 12345 now","b":1}`, "12345", `{"a":"call ▇▇▇▇ now","b":1}`},
		{"further in", `{"a":{"b":["x","12345"]}}`, "12345", `{"a":{"b":["x","▇▇▇▇"]}}`},
		{"a number", `{"a":12345,"b":[123456]}`, "12345", `{"a":"▇▇▇▇","b":["▇▇▇▇"]}`},
		{"a number in another notation", `{"a":1.2345e4}`, "12345", `{"a":"▇▇▇▇"}`},
		{"a name", `{"a12345":{"b":1},"c":[{"12345":2}]}`, "12345", `{"c":[{}]}`},
		{"in markup", `{"a":"12<b>345</b>","b":"1234&#53;"}`, "12345", `{"a":"▇▇▇▇","b":"▇▇▇▇"}`},
		{"in a URL", `{"a":"https://x.org/12%33%34%35"}`, "12345", `{"a":"▇▇▇▇"}`},
		{"all that there is", `{"12345":"x"}`, "12345", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			given := Body{Text: "x 12345", Custom: tt.given}
			got, changed, err := Redact([]Body{given}, Redaction{Text: tt.secret}, MaskFixed)
			if want := (Body{Text: "x ▇▇▇▇", Custom: tt.want}); err != nil || !changed || !got[0].Equal(want) {
				t.Errorf("Redact(%+v) = %+v, %v, %v; want %+v, changed", given, got, changed, err, want)
			}
		})
	}
}

// A text that stands in the custom metadata alone is found; what does not hold it stays
// as it is; and where all is hidden there is none.
func TestRedactLooksIntoCustom(t *testing.T) {
	given := []Body{{Text: "a", Custom: `{"k":"v"}`}, {Text: "b", Custom: `{"k":"12345"}`}}
	want := []Body{given[0], {Text: "b", Custom: `{"k":"▇▇▇▇"}`}}
	got, changed, err := Redact(given, Redaction{Text: "12345"}, MaskFixed)
	if err != nil || !changed || !cmp.Equal(want, got) {
		t.Errorf("Redact(%+v) = %+v, %v, %v; want %+v", given, got, changed, err, want)
	}
	if _, _, err := Redact([]Body{{Flagged: `{"5":{"trusted":true,"message":{"file":"12345"}}}`}}, Redaction{Text: "12345"}, MaskFixed); err != nil {
		t.Errorf("Redact of what is said of flags = %v", err)
	}
	call := Body{Text: "Call from: +1 (661) 748-0240", Voice: `{"from":"+16617480240","to":"+16617480123","started_at":"2013-06-24T15:31:44Z"}`}
	want = []Body{{Text: "Call from: ▇▇▇▇", Voice: `{"from":"▇▇▇▇","to":"+16617480123","started_at":"2013-06-24T15:31:44Z"}`}}
	if calls, _, err := Redact([]Body{call}, Redaction{Text: "+1 (661) 748-0240"}, MaskFixed); err != nil || !cmp.Equal(want, calls) {
		t.Errorf("Redact(%+v) = %+v, %v; want %+v: the number is the same", call, calls, err, want)
	}
	if _, _, err := Redact(got, Redaction{Text: "12345"}, MaskFixed); !errors.Is(err, ErrTextNotFound) {
		t.Errorf("Redact again = %v; want %v", err, ErrTextNotFound)
	}
	got, _, err = Redact(given, Redaction{All: true}, MaskFixed)
	if err != nil || !got[0].Equal(text("▇▇▇▇")) || !got[1].Equal(text("▇▇▇▇")) {
		t.Errorf("Redact(all) = %+v, %v; want the mask alone", got, err)
	}
}

// Whatever object it is, what was marked in the text can be read nowhere in it
// afterwards, and it is still such an object.
func TestRedactCustomProperty(t *testing.T) {
	leaf := func(t *rapid.T) any {
		switch rapid.IntRange(0, 5).Draw(t, "leaf") {
		case 0:
			return rapid.SampledFrom([]any{nil, true, 7.0, 12345.0, 912345e3}).Draw(t, "value")
		case 1, 2:
			return filler.Draw(t, "around") + disguise(t, "12345", rapid.Bool().Draw(t, "html"))
		}
		return filler.Draw(t, "text")
	}
	var value func(t *rapid.T, depth int) any
	value = func(t *rapid.T, depth int) any {
		switch n := rapid.IntRange(0, 3).Draw(t, "members"); {
		case depth == 0 || n == 0:
			return leaf(t)
		case rapid.Bool().Draw(t, "array"):
			list := make([]any, n)
			for i := range list {
				list[i] = value(t, depth-1)
			}
			return list
		default:
			object := map[string]any{}
			for range n {
				object[rapid.SampledFrom([]string{"a", "b", "Q", "12345", "x12345y", "1&shy;2345"}).Draw(t, "name")] = value(t, depth-1)
			}
			return object
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		object, err := json.Marshal(map[string]any{"v": value(t, 3)}, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		custom, err := ParseCustom(object)
		if err != nil {
			t.Fatalf("ParseCustom(%s): %v", object, err)
		}
		got, _, err := Redact([]Body{{Text: "x 12345", Custom: custom}}, Redaction{MarkedHTML: envelope(`<p dir="auto">x <redact>12345</redact></p>`)}, masks.Draw(t, "mask"))
		if err != nil {
			t.Fatal(err)
		}
		masked := got[0].Custom
		if masked == "" {
			return
		}
		if again, err := ParseCustom([]byte(masked)); again != masked || err != nil {
			t.Fatalf("%s became %s, which is no custom metadata: %s, %v", custom, masked, again, err)
		}
		if strings.Contains(perceived(masked), "12345") || strings.Contains(perceived(Body{HTML: masked}.PlainBody()), "12345") {
			t.Fatalf("%s became %s", custom, masked)
		}
	})
}
