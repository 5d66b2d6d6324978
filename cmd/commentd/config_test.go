package main

import "testing"

// TestLinkBase: what paths are put after, and what links cannot begin with.
func TestLinkBase(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "https://a.example": "https://a.example", "https://a.example/": "https://a.example", "http://127.0.0.1:8080/x//": "http://127.0.0.1:8080/x",
		"a.example": "refused", "ftp://a.example": "refused", "https:///x": "refused", "https://u:p@a.example": "refused", "https://a.example/?x=1": "refused", "https://a b": "refused",
	} {
		var got linkBase
		if err := got.UnmarshalText([]byte(text)); err != nil {
			got = "refused"
		}
		if string(got) != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}
