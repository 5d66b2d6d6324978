package inbound

import (
	"net/http"
	"strings"
	"testing"
)

func TestEntityTags(t *testing.T) {
	const etag = `"abc"`
	for _, tt := range []struct {
		values       []string
		none, strong bool
	}{
		{nil, false, false},
		{[]string{""}, false, false},
		{[]string{`"abc"`}, true, true},
		{[]string{`W/"abc"`}, true, false},
		{[]string{`w/"abc"`}, false, false},
		{[]string{`*`}, true, true},
		{[]string{` * `}, true, true},
		{[]string{`"*"`}, false, false},
		{[]string{`"x", "abc"`}, true, true},
		{[]string{`"x",W/"y" , W/"abc","z"`}, true, false},
		{[]string{`"x"`, `"abc"`}, true, true},
		{[]string{`,, ,"abc"`}, true, true},
		{[]string{`"x" "abc"`}, false, false},
		{[]string{`"a\"bc", "abc"`}, false, false},
		{[]string{`"a,b", "abc"`}, true, true},
		{[]string{`abc`}, false, false},
		{[]string{`"abc`}, false, false},
		{[]string{`"ABC"`}, false, false},
		{[]string{`"x"y, "abc"`}, false, false},
		{[]string{"\"\x00\", \"abc\""}, false, false},
		{[]string{`"abcd"`}, false, false},
		{[]string{`"ab"`}, false, false},
	} {
		if got := NoneMatch(tt.values, etag); got != tt.none {
			t.Errorf("NoneMatch(%q) = %t", tt.values, got)
		}
		if got := Match(tt.values, etag); got != tt.strong {
			t.Errorf("Match(%q) = %t", tt.values, got)
		}
	}
}

// FuzzEntityTags: a strong match is a weak one too, a header that does not hold the
// tag's text never matches, and a tag put in front of anything is found.
func FuzzEntityTags(f *testing.F) {
	for _, seed := range []string{"", "*", `"abc"`, `W/"abc", "d"`, `"a`, ` , "x"`, `"a"b`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		const etag = `"abc"`
		none, strong := NoneMatch([]string{header}, etag), Match([]string{header}, etag)
		if strong && !none {
			t.Errorf("%q matches strongly but not weakly", header)
		}
		if none && !strings.Contains(header, etag) && strings.Trim(header, " \t") != "*" {
			t.Errorf("%q matches %s", header, etag)
		}
		if !Match([]string{etag + ", " + header}, etag) {
			t.Errorf("tag in front of %q is not found", header)
		}
	})
}

func TestIdempotencyKey(t *testing.T) {
	for _, tt := range []struct {
		values []string
		want   string
		ok     bool
	}{
		{nil, "", true},
		{[]string{"a"}, "a", true},
		{[]string{`"quoted key"`}, `"quoted key"`, true},
		{[]string{strings.Repeat("k", 255)}, strings.Repeat("k", 255), true},
		{[]string{strings.Repeat("k", 256)}, "", false},
		{[]string{""}, "", false},
		{[]string{"a", "a"}, "", false},
		{[]string{"é"}, "", false},
		{[]string{"a\x00"}, "", false},
		{[]string{"a\tb"}, "", false},
		{[]string{"\x7f"}, "", false},
	} {
		h := http.Header{}
		if tt.values != nil {
			h["Idempotency-Key"] = tt.values
		}
		if got, ok := IdempotencyKey(h); got != tt.want || ok != tt.ok {
			t.Errorf("IdempotencyKey(%q) = %q, %v", tt.values, got, ok)
		}
	}
}
