package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// A scanner looks for a secret in all the forms in which text gets written by accident.
type scanner struct {
	forms []form
}

type form struct {
	name  string
	bytes []byte
}

// newScanner returns a scanner for secrets, each of 16 bytes of UTF-8 or more. Of each
// it also looks for every 8 bytes on end: a compressor keeps that much of what it
// meets for the first time.
func newScanner(secrets ...string) *scanner {
	s := &scanner{}
	for _, secret := range secrets {
		for i := 0; i+8 <= len(secret); i++ {
			s.add("UTF-8", secret[i:i+8])
		}
		s.add("lower case", strings.ToLower(secret))
		s.add("upper case", strings.ToUpper(secret))
		units := utf16.Encode([]rune(secret))
		s.add("UTF-16LE", each(units, func(u uint16) string { return string([]byte{byte(u), byte(u >> 8)}) }))
		s.add("UTF-16BE", each(units, func(u uint16) string { return string([]byte{byte(u >> 8), byte(u)}) }))
		s.add("JSON escapes", each(units, func(u uint16) string { return fmt.Sprintf(`\u%04x`, u) }))
		s.add("JSON ESCAPES", each(units, func(u uint16) string { return fmt.Sprintf(`\u%04X`, u) }))
		s.add("HTML, decimal", each(units, func(u uint16) string { return fmt.Sprintf("&#%d;", u) }))
		s.add("HTML, hexadecimal", each(units, func(u uint16) string { return fmt.Sprintf("&#x%x;", u) }))
		s.add("HTML, HEXADECIMAL", each(units, func(u uint16) string { return fmt.Sprintf("&#X%X;", u) }))
		s.add("octal escapes", each([]byte(secret), func(b byte) string { return fmt.Sprintf(`\%03o`, b) }))
		for name, format := range map[string]string{"percent": "%%%02x", "PERCENT": "%%%02X", "quoted-printable": "=%02X", "byte escapes": `\x%02x`} {
			s.add(name, each([]byte(secret), func(b byte) string { return fmt.Sprintf(format, b) }))
		}
		s.add("hexadecimal", hex.EncodeToString([]byte(secret)))
		s.add("HEXADECIMAL", strings.ToUpper(hex.EncodeToString([]byte(secret))))
		for offset := range 3 {
			// Only the middle is the same whatever comes before and after.
			text := strings.Repeat("\x00", offset) + secret
			first, last := (offset*8+5)/6, len(text)*8/6
			s.add("base64", base64.RawStdEncoding.EncodeToString([]byte(text))[first:last])
			s.add("base64url", base64.RawURLEncoding.EncodeToString([]byte(text))[first:last])
		}
	}
	return s
}

func (s *scanner) add(name, text string) { s.forms = append(s.forms, form{name, []byte(text)}) }

func each[T any](units []T, write func(T) string) string {
	var b strings.Builder
	for _, u := range units {
		b.WriteString(write(u))
	}
	return b.String()
}

// find says where and in which form content holds a secret, or returns nil.
func (s *scanner) find(content []byte) error {
	for _, f := range s.forms {
		if i := bytes.Index(content, f.bytes); i >= 0 {
			around := content[max(0, i-100):min(len(content), i+len(f.bytes)+100)]
			return fmt.Errorf("at %d, as %s: %q", i, f.name, around)
		}
	}
	return nil
}

// findInFiles looks through all files in a folder, and in those that it links to, and
// returns what it has found, by path, and how many files it has looked through.
func (s *scanner) findInFiles(t *testing.T, dir string) (found map[string]error, files int) {
	t.Helper()
	found = map[string]error{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type() == fs.ModeSymlink {
			if path, err = filepath.EvalSymlinks(path); err == nil {
				below, n := s.findInFiles(t, path)
				maps.Copy(found, below)
				files += n
			}
			return err
		}
		if err == nil && entry.Type().IsRegular() {
			var content []byte
			if content, err = os.ReadFile(path); err == nil {
				files++
				if sighting := s.find(content); sighting != nil {
					found[path] = sighting
				}
			}
		}
		if errors.Is(err, fs.ErrNotExist) { // the servers go on meanwhile
			err = nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, files
}

// newSecrets returns two words that nothing else says: one that survives every way of
// writing text as it is, and one that does not.
func newSecrets() (plain, special string) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for range 16 {
		plain += string(letters[rand.N(len(letters))])
	}
	for range 10 {
		special += string(rune('а' + rand.N(32)))
	}
	return plain, special
}

// TestScanner hides secrets in the ways that the standard library knows.
func TestScanner(t *testing.T) {
	plain, special := newSecrets()
	s := newScanner(plain, special)
	text := `"` + plain + `" & <` + special + ">"
	if err := s.find([]byte(strings.Map(func(r rune) rune { return r + 1 }, text))); err != nil {
		t.Errorf("found where it is not: %v", err)
	}
	folder := t.TempDir()
	hidden := map[string][]byte{"as it is": []byte(text), "lower": []byte(strings.ToLower(plain)), "upper": []byte(strings.ToUpper(special))}
	for offset := range 3 {
		padded := []byte("..."[:offset] + special + "...")
		hidden[fmt.Sprint("base64 ", offset)] = []byte(base64.StdEncoding.EncodeToString(padded))
		hidden[fmt.Sprint("base64url ", offset)] = []byte(base64.URLEncoding.EncodeToString(padded))
	}
	hidden["hexadecimal"] = []byte(hex.EncodeToString([]byte(text)))
	hidden["quoted"] = []byte(strconv.QuoteToASCII(special))
	hidden["query"] = []byte(url.QueryEscape(special))
	for _, r := range utf16.Encode([]rune(text)) {
		hidden["UTF-16LE"] = binary.LittleEndian.AppendUint16(hidden["UTF-16LE"], r)
		hidden["UTF-16BE"] = binary.BigEndian.AppendUint16(hidden["UTF-16BE"], r)
	}
	var mail bytes.Buffer
	w := quotedprintable.NewWriter(&mail)
	if _, err := w.Write([]byte(special)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	hidden["mail"] = mail.Bytes()
	// A block of a compressor: it writes a byte of its own after every eight.
	for i := range len(plain) {
		if i%8 == 3 {
			hidden["compressed"] = append(hidden["compressed"], 0)
		}
		hidden["compressed"] = append(hidden["compressed"], plain[i])
	}
	for name, content := range hidden {
		if s.find(content) == nil {
			t.Errorf("not found, %s: %q", name, content)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	above := t.TempDir()
	if err := os.Symlink(folder, filepath.Join(above, "link")); err != nil {
		t.Fatal(err)
	}
	if found, files := s.findInFiles(t, above); len(found) != len(hidden) || files != len(hidden) {
		t.Errorf("found in %d of %d files: %v", len(found), files, found)
	}
}
