package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParseRootKey(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0x01}, 16)
	want := rootKey(t, hex.EncodeToString(raw)).ID()
	for _, text := range []string{
		strings.ToUpper(hex.EncodeToString(raw)),
		base64.StdEncoding.EncodeToString(raw),
		base64.RawStdEncoding.EncodeToString(raw),
		"\n\t " + base64.StdEncoding.EncodeToString(raw) + "\r\n",
	} {
		if got, err := ParseRootKey(text); err != nil || got.ID() != want {
			t.Errorf("ParseRootKey(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "correct horse battery staple", hex.EncodeToString(raw[:31]), hex.EncodeToString(raw) + "00",
		base64.StdEncoding.EncodeToString(raw[:31]), base64.StdEncoding.EncodeToString(append(raw, 0)),
		strings.Repeat("x", 64), strings.Repeat("!", 44),
	} {
		got, err := ParseRootKey(text)
		if !errors.Is(err, ErrRootKey) || got != nil {
			t.Errorf("ParseRootKey(%q) = %v, %v; want ErrRootKey", text, got, err)
		}
	}
	if one, two := rootKey(t, GenerateRootKey()), rootKey(t, GenerateRootKey()); one.ID() == two.ID() {
		t.Error("GenerateRootKey returned the same key twice")
	}
}

func TestRootKeyOpensWhatItWrappedOnly(t *testing.T) {
	root, other := rootKey(t, GenerateRootKey()), rootKey(t, GenerateRootKey())
	wrapped, err := root.Wrap(t.Context(), []byte("a key"), []byte("row 1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := root.Unwrap(t.Context(), wrapped, []byte("row 1")); err != nil || string(got) != "a key" {
		t.Errorf("Unwrap = %q, %v; want a key", got, err)
	}
	if _, err := root.Unwrap(t.Context(), wrapped, []byte("row 2")); !errors.Is(err, ErrDamaged) {
		t.Errorf("Unwrap for another row = %v; want ErrDamaged", err)
	}
	if _, err := other.Unwrap(t.Context(), wrapped, []byte("row 1")); !errors.Is(err, ErrDamaged) {
		t.Errorf("Unwrap with another key = %v; want ErrDamaged", err)
	}
	if bytes.Equal(root.Derive("a"), root.Derive("b")) || bytes.Equal(root.Derive("a"), other.Derive("a")) {
		t.Error("Derive gives one key for two purposes or two roots")
	}
}

// Whatever a log line does with a root key, the key does not show.
func TestRootKeyDoesNotPrintItself(t *testing.T) {
	root := rootKey(t, testRootKey)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" ", root)
		fmt.Fprintf(&out, verb+" ", struct{ Root RootKey }{root})
		fmt.Fprintf(&out, verb+" ", []RootKey{root})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("start", "root", root)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("start", "root", root)
	for _, secret := range []string{"0708090a", "7 8 9 10", "0x7, 0x8", "BwgJCg", `\a\b\t\n`, "\a\b\t\n"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a root key prints as %s", out.String())
		}
	}
}
