package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head is a signed tree head: the signer says that the first Size events of the log
// are those, and in that order, whose tree has the root Root.
type Head struct {
	Shard      int16
	Generation int32
	Size       int64
	// Previous is the size of the head that was signed before this one, 0 if there was
	// none: heads are a chain.
	Previous int64
	// Kept is set in the first head of a later generation, which has size 0: the
	// operator has accepted that only so many events are still those that the former
	// generation had sealed.
	Kept      *int64
	Epoch     int32 // of the log
	Root      tlog.Hash
	SignedAt  time.Time // UTC, microseconds
	Signature []byte    // Ed25519, of the text
}

const timeFormat = "2006-01-02T15:04:05.000000Z"

// Time returns SignedAt as it is written in the text.
func (h *Head) Time() string { return h.SignedAt.UTC().Format(timeFormat) }

// text is what is signed. The first three lines are those of a C2SP tlog-checkpoint,
// the others its extensions.
func (h *Head) text() string {
	text := fmt.Sprintf("%s\n%d\n%s\ngeneration %d\nprevious %d\nepoch %d\nsigned_at %s\n",
		Origin(h.Shard), h.Size, h.Root, h.Generation, h.Previous, h.Epoch, h.Time())
	if h.Kept != nil {
		text += fmt.Sprintf("kept %d\n", *h.Kept)
	}
	return text
}

// ErrHead: the note is no tree head, or was not signed by this key.
var ErrHead = errors.New("audit: not a note that this key has signed")

// OpenHead returns the head in a signed note if the verifier key, as Key.String gives
// it, belongs to its signature.
func OpenHead(signed []byte, verifierKey string) (Head, error) {
	verifier, err := newVerifier(verifierKey)
	if err != nil {
		return Head{}, err
	}
	return openHead(signed, verifier)
}

func newVerifier(verifierKey string) (note.Verifier, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, errors.New("audit: not a verifier key: it has the form name+number+base64, see commentd log key")
	}
	return verifier, nil
}

func openHead(signed []byte, verifier note.Verifier) (Head, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return Head{}, ErrHead
	}
	h, ok := parseHead(opened.Text)
	if !ok {
		return Head{}, ErrHead
	}
	// The signature is the last 64 bytes of what the note holds beside the key's hash.
	if h.Signature, ok = signatureOf(opened.Sigs[0]); !ok {
		return Head{}, ErrHead
	}
	return h, nil
}

// parseHead reads what text writes, and nothing else.
func parseHead(text string) (h Head, ok bool) {
	lines := strings.Split(text, "\n")
	if len(lines) < 8 {
		return h, false
	}
	var errs [6]error
	var shard, generation, epoch int64
	shard, errs[0] = strconv.ParseInt(strings.TrimPrefix(lines[0], "commentd/log/"), 10, 16)
	h.Size, errs[1] = strconv.ParseInt(lines[1], 10, 64)
	h.Root, errs[2] = tlog.ParseHash(lines[2])
	generation, errs[3] = strconv.ParseInt(strings.TrimPrefix(lines[3], "generation "), 10, 32)
	h.Previous, errs[4] = strconv.ParseInt(strings.TrimPrefix(lines[4], "previous "), 10, 64)
	epoch, errs[5] = strconv.ParseInt(strings.TrimPrefix(lines[5], "epoch "), 10, 32)
	at, err := time.Parse(timeFormat, strings.TrimPrefix(lines[6], "signed_at "))
	if errors.Join(errs[:]...) != nil || err != nil {
		return h, false
	}
	h.Shard, h.Generation, h.Epoch, h.SignedAt = int16(shard), int32(generation), int32(epoch), at
	if kept, found := strings.CutPrefix(lines[7], "kept "); found {
		n, err := strconv.ParseInt(kept, 10, 64)
		if err != nil {
			return h, false
		}
		h.Kept = &n
	}
	return h, h.text() == text
}

// signatureOf returns the signature, if it is spelt in the one way in which Note spells it.
func signatureOf(s note.Signature) ([]byte, bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s.Base64)
	if err != nil || len(raw) != 4+64 {
		return nil, false
	}
	return bytes.Clone(raw[4:]), true
}
