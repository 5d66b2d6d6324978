package audit

import (
	"strings"
	"testing"
	"time"
)

const goldenNote = `commentd/log/0
17
SAMPLE
generation 2
previous 12
epoch 3
signed_at 2026-03-14T15:09:26.535897Z
kept 9
`

func TestHeadText(t *testing.T) {
	nine := int64(9)
	h := &Head{
		Generation: 2, Size: 17, Previous: 12, Kept: &nine, Epoch: 3, Root: LeafHash(9, &sample),
		SignedAt: time.Date(2026, 3, 14, 15, 9, 26, 535_897_000, time.UTC),
	}
	if got, want := h.text(), strings.Replace(goldenNote, "SAMPLE", h.Root.String(), 1); got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	key := NewKey(rootKey, 0)
	key.sign(h)
	opened, err := OpenHead(key.Note(h), key.String())
	if err != nil || !key.made(&opened) || opened.text() != h.text() {
		t.Errorf("OpenHead = %+v, %v; want %+v", opened, err, h)
	}
	other := NewKey(rootKey, 1)
	if _, err := OpenHead(key.Note(h), other.String()); err != ErrHead {
		t.Errorf("OpenHead with another key = %v", err)
	}
	for _, from := range []string{"17", "generation 2", "previous 12", "epoch 3", "535897", "kept 9"} {
		forged := strings.Replace(string(key.Note(h)), from, from[:len(from)-1]+"4", 1)
		if _, err := OpenHead([]byte(forged), key.String()); err != ErrHead {
			t.Errorf("OpenHead of a head with another %q = %v", from, err)
		}
	}
}

// TestKeyFormat: verifier keys that auditors hold stay good.
func TestKeyFormat(t *testing.T) {
	const want = "commentd/log/0+ee01de27+ARXhuC+tejpxRx52KzA+8NLGfXpgCUNeABpB2dAQwkcU"
	if got := NewKey(rootKey, 0).String(); got != want {
		t.Errorf("key = %s, want %s", got, want)
	}
}

// TestParseHead: one head has one text.
func TestParseHead(t *testing.T) {
	good := strings.Replace(goldenNote, "SAMPLE", LeafHash(9, &sample).String(), 1)
	if _, ok := parseHead(good); !ok {
		t.Fatalf("parseHead(%q) fails", good)
	}
	for _, bad := range []string{
		"", "\n\n\n\n\n\n\n\n", strings.TrimSuffix(good, "\n"), good + "more\n", strings.Replace(good, "17", "017", 1),
		strings.Replace(good, "epoch", "epoche", 1), strings.Replace(good, "log/0", "log/x", 1), strings.Replace(good, "kept 9", "kept +9", 1),
		strings.Replace(good, "535897", "535897000", 1),
	} {
		if h, ok := parseHead(bad); ok {
			t.Errorf("parseHead(%q) = %+v", bad, h)
		}
	}
}
