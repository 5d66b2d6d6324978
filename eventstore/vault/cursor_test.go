package vault

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestCursor(t *testing.T) {
	cursors := NewCursorCipher(rootKey(t, testRootKey))
	again := NewCursorCipher(rootKey(t, testRootKey))
	foreign := NewCursorCipher(rootKey(t, GenerateRootKey()))
	list := []byte("account 7, ticket 1, public")
	for _, position := range []uint64{0, 1, 2, 4711, math.MaxInt64, math.MaxUint64} {
		cursor := cursors.Seal(list, position)
		if got, err := again.Open(list, cursor); err != nil || got != position {
			t.Errorf("Open of the cursor of %d = %d, %v", position, got, err)
		}
		if cursor != again.Seal(list, position) || len(cursor) != 22 {
			t.Errorf("the cursor of %d is %s, then %s", position, cursor, again.Seal(list, position))
		}
		for _, other := range []string{"", "account 7, ticket 1, internal", "account 8, ticket 1, public"} {
			if got, err := cursors.Open([]byte(other), cursor); !errors.Is(err, ErrCursor) {
				t.Errorf("Open for %q = %d, %v; want ErrCursor", other, got, err)
			}
		}
		if got, err := foreign.Open(list, cursor); !errors.Is(err, ErrCursor) {
			t.Errorf("Open with another root key = %d, %v; want ErrCursor", got, err)
		}
	}
	if a, b := cursors.Seal(list, 1), cursors.Seal(list, 2); longestCommonRun([]byte(a), []byte(b)) > 4 {
		t.Errorf("the cursors of neighbours look alike: %s, %s", a, b)
	}
}

// A cursor has one spelling, and nothing else is a cursor.
func FuzzCursor(f *testing.F) {
	cursors := NewCursorCipher(rootKey(f, testRootKey))
	list := []byte("list")
	good := cursors.Seal(list, 4711)
	for _, text := range []string{
		"", good, good + "=", good[:21], good[:21] + "A", good[:21] + "R", good[:21] + "\n", "\r\n" + good[2:], strings.ToUpper(good),
		strings.Repeat("A", 22), "!" + good[1:], strings.Repeat("é", 11),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		position, err := cursors.Open(list, text)
		if err == nil && cursors.Seal(list, position) != text || err != nil && !errors.Is(err, ErrCursor) {
			t.Errorf("Open(%q) = %d, %v", text, position, err)
		}
		if err == nil && text != good {
			t.Errorf("Open(%q) = %d; nobody made that cursor", text, position)
		}
	})
}

func TestTag(t *testing.T) {
	tagger := NewTagger(rootKey(t, testRootKey))
	parts := func(texts ...string) (parts [][]byte) {
		for _, text := range texts {
			parts = append(parts, []byte(text))
		}
		return parts
	}
	seen := make(map[string][]string)
	for _, texts := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a", "b", "c"}, {"c", "ab"}} {
		tag := tagger.Tag(parts(texts...)...)
		if other, ok := seen[tag]; ok || len(tag) != 22 {
			t.Errorf("Tag(%q) = %s, as of %q", texts, tag, other)
		}
		seen[tag] = texts
		if again := NewTagger(rootKey(t, testRootKey)).Tag(parts(texts...)...); again != tag {
			t.Errorf("Tag(%q) = %s, then %s", texts, tag, again)
		}
		if foreign := NewTagger(rootKey(t, GenerateRootKey())).Tag(parts(texts...)...); foreign == tag {
			t.Errorf("Tag(%q) is the same under another root key", texts)
		}
	}
}
