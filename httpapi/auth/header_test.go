package auth

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/commentd/commentd/domain"
)

func basic(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }

func TestParseAuthorization(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header string
		want   Credentials
	}{
		{"bearer", "Bearer KEY", Credentials{FormBearer, "", "KEY"}},
		{"scheme in lower case", "bearer KEY", Credentials{FormBearer, "", "KEY"}},
		{"scheme in upper case", "BEARER KEY", Credentials{FormBearer, "", "KEY"}},
		{"several spaces", "Bearer   KEY", Credentials{FormBearer, "", "KEY"}},
		{"the longest", "Bearer " + strings.Repeat("K", maxHeader-7), Credentials{FormBearer, "", strings.Repeat("K", maxHeader-7)}},
		{"e-mail and token", basic("ana@example.com/token:KEY"), Credentials{FormToken, "ana@example.com", "KEY"}},
		{"e-mail and key", basic("ana@example.com:KEY"), Credentials{FormPassword, "ana@example.com", "KEY"}},
		{"basic in lower case", strings.Replace(basic("a@b:K"), "Basic", "basic", 1), Credentials{FormPassword, "a@b", "K"}},
		{"token in upper case is part of the address", basic("a@b/TOKEN:K"), Credentials{FormPassword, "a@b/TOKEN", "K"}},
		{"the first colon parts", basic("a@b:K:L"), Credentials{FormPassword, "a@b", "K:L"}},
		{"an address beyond ASCII", basic("jörg@bücher.example:K"), Credentials{FormPassword, "jörg@bücher.example", "K"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAuthorization([]string{tt.header})
			if got != tt.want || err != nil {
				t.Errorf("ParseAuthorization = %+v, %v; want the form %d", got.Form, err, tt.want.Form)
			}
		})
	}
}

// malformed are headers that are refused whatever key they might hold.
func malformed(key string) map[string][]string {
	one := func(s string) []string { return []string{s} }
	return map[string][]string{
		"none":                      nil,
		"empty":                     one(""),
		"two headers":               {"Bearer " + key, "Bearer " + key},
		"two headers, one empty":    {"Bearer " + key, ""},
		"scheme alone":              one("Bearer"),
		"scheme and a space":        one("Bearer "),
		"no space":                  one("Bearer" + key),
		"a tab for the space":       one("Bearer\t" + key),
		"a colon for the space":     one("Bearer:" + key),
		"no scheme":                 one(key),
		"a space before the scheme": one(" Bearer " + key),
		"another scheme":            one("Token " + key),
		"digest":                    one(`Digest username="a"`),
		"a word after the key":      one("Bearer " + key + " x"),
		"a comma after the key":     one("Bearer " + key + ", Basic eA=="),
		"quoted key":                one(`Bearer "` + key + `"`),
		"NUL in the key":            one("Bearer " + key + "\x00"),
		"NUL before the key":        one("Bearer \x00" + key),
		"line break":                one("Bearer " + key + "\r\n"),
		"DEL":                       one("Bearer " + key + "\x7f"),
		"Latin-1":                   one("Bearer \xe9" + key),
		"UTF-8":                     one("Bearer é" + key),
		"no-break space":            one("Bearer\u00a0" + key),
		"over 8 KiB":                one("Bearer " + strings.Repeat("K", maxHeader-6)),
		"basic, empty":              one("Basic "),
		"basic, not base64":         one("Basic !!!"),
		"basic, base64url":          one("Basic " + base64.URLEncoding.EncodeToString([]byte("a>?b@c:"+key))),
		"basic, without padding":    one(strings.TrimRight(basic("aa@b:"+key+"xx"), "=")[:9]),
		"basic, stray bits":         one("Basic YTpiYh=="),
		"basic, line break":         one("Basic YTpi\nYg=="),
		"basic, no colon":           one(basic(key)),
		"basic, no key":             one(basic("ana@example.com:")),
		"basic, no e-mail":          one(basic(":" + key)),
		"basic, nobody's token":     one(basic("/token:" + key)),
		"basic, Latin-1":            one(basic("j\xf6rg@example.com:" + key)),
		"basic, NUL in the e-mail":  one(basic("a\x00@b:" + key)),
		"basic, NUL in the key":     one(basic("a@b:" + key + "\x00")),
		"basic, C1 control":         one(basic("a\u0085@b:" + key)),
		"basic, key in the open":    one("Basic ana@example.com:" + key),
	}
}

func TestMalformedAuthorization(t *testing.T) {
	for name, values := range malformed(compose(t, domain.ActorAgent)) {
		if got, err := ParseAuthorization(values); err != ErrUnauthorized || got != (Credentials{}) {
			t.Errorf("%s: ParseAuthorization = form %d, %v; want ErrUnauthorized", name, got.Form, err)
		}
	}
}

func TestCredentialsPrintAsNothing(t *testing.T) {
	c := Credentials{FormToken, "ana@example.com", "KEY"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "c", c, "in", []any{c})
	nested := struct{ C Credentials }{c}
	printed := log.String() + fmt.Sprintf("%v %+v %#v %s %q %d %x|%v %+v %#v|%v", c, c, c, c, c, c, c, nested, nested, nested, &c)
	if strings.Contains(printed, "ana") || strings.Contains(printed, "KEY") || strings.Contains(printed, "4b4559") {
		t.Errorf("credentials show in %s", printed)
	}
}

func FuzzParseAuthorization(f *testing.F) {
	key := compose(f, domain.ActorAgent)
	f.Add("Bearer "+key, "")
	f.Add(basic("ana@example.com/token:"+key), "")
	f.Add(basic("ana@example.com:"+key), "x")
	for _, values := range malformed(key) {
		f.Add(strings.Join(values, ""), "")
	}
	f.Fuzz(func(t *testing.T, header, second string) {
		c, err := ParseAuthorization([]string{header})
		switch {
		case err != nil && (err != ErrUnauthorized || c != Credentials{}):
			t.Fatalf("ParseAuthorization = form %d, %v", c.Form, err)
		case err == nil && (c.Key == "" || !printable(c.Key)):
			t.Fatal("a key that is empty or not visible ASCII")
		case err == nil && (c.Email == "") != (c.Form == FormBearer):
			t.Fatalf("form %d with e-mail %q", c.Form, c.Email)
		case err == nil && c.Form == FormBearer && !strings.HasSuffix(header, c.Key):
			t.Fatal("the key is not what the header ends in")
		}
		if second != "" {
			if _, err := ParseAuthorization([]string{header, second}); err != ErrUnauthorized {
				t.Fatalf("two headers: %v; want ErrUnauthorized", err)
			}
		}
	})
}
