package vault

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/commentd/commentd/domain"
)

func TestUploads(t *testing.T) {
	v, again := New(NewKeyring(nil, rootKey(t, testRootKey))), New(NewKeyring(nil, rootKey(t, testRootKey)))
	foreign := New(NewKeyring(nil, rootKey(t, GenerateRootKey())))
	token := NewUploadToken()
	file := domain.Attachment{Number: 7, Name: "a secret name.png", Key: [32]byte{1}}
	sealed := v.SealUpload(1, token, file)
	if got, err := again.OpenUpload(1, token, 7, sealed); err != nil || !got.Equal(file) {
		t.Errorf("OpenUpload = %+v, %v; want %+v", got, err, file)
	}
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the name can be read")
	}
	for name, open := range map[string]func() (domain.Attachment, error){
		"another token":    func() (domain.Attachment, error) { return v.OpenUpload(1, NewUploadToken(), 7, sealed) },
		"another account":  func() (domain.Attachment, error) { return v.OpenUpload(2, token, 7, sealed) },
		"another number":   func() (domain.Attachment, error) { return v.OpenUpload(1, token, 8, sealed) },
		"another root key": func() (domain.Attachment, error) { return foreign.OpenUpload(1, token, 7, sealed) },
	} {
		if got, err := open(); !errors.Is(err, ErrDamaged) || got.Name != "" {
			t.Errorf("%s: OpenUpload = %+v, %v; want ErrDamaged", name, got, err)
		}
	}
	if v.UploadDigest(1, token) != again.UploadDigest(1, token) {
		t.Error("the digest of a token changes")
	}
	if v.UploadDigest(1, token) == v.UploadDigest(2, token) || v.UploadDigest(1, token) == foreign.UploadDigest(1, token) {
		t.Error("the digest is not one of this account and this service")
	}
}

func TestUploadTokenHasOneSpelling(t *testing.T) {
	token := NewUploadToken()
	if got, err := ParseUploadToken(token.String()); err != nil || got != token {
		t.Errorf("ParseUploadToken(%s) = %v, %v", token, got, err)
	}
	s := token.String()
	for _, other := range []string{"", s + "=", s[1:], s + "A", s[:42] + "\n", s + "\n", strings.Repeat("!", 43), strings.Repeat("é", 22)} {
		if got, err := ParseUploadToken(other); !errors.Is(err, ErrUploadToken) {
			t.Errorf("ParseUploadToken(%q) = %v, %v; want ErrUploadToken", other, got, err)
		}
	}
}

func TestFileTokens(t *testing.T) {
	files, again := NewFileTokens(rootKey(t, testRootKey)), NewFileTokens(rootKey(t, testRootKey))
	foreign := NewFileTokens(rootKey(t, GenerateRootKey()))
	for _, number := range []int64{1, 2, 1 << 52} {
		token := files.Seal(7, number)
		if account, n, err := again.Open(token); err != nil || account != 7 || n != number {
			t.Errorf("Open(%s) = %d, %d, %v; want account 7, number %d", token, account, n, err, number)
		}
		if token != again.Seal(7, number) || token == files.Seal(8, number) || token == foreign.Seal(7, number) {
			t.Errorf("the token %s is not that of one file", token)
		}
		if _, _, err := foreign.Open(token); !errors.Is(err, ErrDamaged) {
			t.Errorf("Open with another root key: %v; want ErrDamaged", err)
		}
	}
	if a, b := files.Seal(1, 1), files.Seal(1, 2); longestCommonRun([]byte(a), []byte(b)) > 4 {
		t.Errorf("the tokens of neighbours look alike: %s, %s", a, b)
	}
}

// A token has one spelling, and nothing else is a token.
func FuzzFileToken(f *testing.F) {
	files := NewFileTokens(rootKey(f, testRootKey))
	good := files.Seal(7, 4711)
	for _, text := range []string{"", good, good + "=", good[:37], good[:37] + "A", "\r\n" + good[2:], strings.Repeat("A", 38), "!" + good[1:]} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		account, number, err := files.Open(text)
		if err == nil && text != good || err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("Open(%q) = %d, %d, %v", text, account, number, err)
		}
	})
}
