package auth

import (
	"crypto/sha256"
	"hash/crc32"
	"regexp"
	"strings"
	"testing"

	"github.com/commentd/commentd/domain"
)

var kinds = []domain.ActorKind{
	domain.ActorAgent, domain.ActorCustomer, domain.ActorSystem, domain.ActorIntegration,
}

const body = "TheRandomPartOfAKeyThatIsForTest"

func compose(t testing.TB, kind domain.ActorKind) string {
	t.Helper()
	key, err := Compose(kind, body)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The form of a key is a promise to secret scanners and to keys in use.
func TestFormIsFixed(t *testing.T) {
	for kind, want := range map[domain.ActorKind]string{
		domain.ActorAgent:       "cmt_a_TheRandomPartOfAKeyThatIsForTest2Jx7SK",
		domain.ActorCustomer:    "cmt_c_TheRandomPartOfAKeyThatIsForTest11MJWm",
		domain.ActorIntegration: "cmt_i_TheRandomPartOfAKeyThatIsForTest2NDw4v",
		domain.ActorSystem:      "cmt_s_TheRandomPartOfAKeyThatIsForTest0Kz7pH",
	} {
		if got := compose(t, kind); got != want {
			t.Errorf("Compose(%s) = %s; want %s", kind, got, want)
		}
	}
}

func TestGeneratedKeys(t *testing.T) {
	pattern := regexp.MustCompile(Pattern)
	seen := make(map[string]bool)
	digitsSeen := make(map[byte]int)
	for range 1000 {
		for _, kind := range kinds {
			key, err := generate(kind)
			if err != nil {
				t.Fatal(err)
			}
			if pattern.FindString("token="+key+"\n") != key || seen[key] {
				t.Fatalf("generate(%s) gave a key that the pattern does not find, or gave it twice", kind)
			}
			seen[key] = true
			if hash, ok := digestOf(key); !ok || hash != sha256.Sum256([]byte(key)) {
				t.Fatalf("digestOf refuses a generated key, or is not its SHA-256")
			}
			for _, c := range []byte(key[randomStart:checkStart]) {
				digitsSeen[c]++
			}
		}
	}
	// 128,000 draws of 62: 2,065 each, give or take 45; 10 times that is no chance.
	for _, c := range []byte(digits) {
		if n := digitsSeen[c]; n < 1600 || n > 2500 {
			t.Errorf("%q came up %d times in 128,000; want about 2,065", c, n)
		}
	}
}

func TestComposeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind domain.ActorKind
		body string
	}{
		{"an unknown kind", "bot", body},
		{"no kind", "", body},
		{"a short body", domain.ActorAgent, body[1:]},
		{"a long body", domain.ActorAgent, body + "x"},
		{"a sign in the body", domain.ActorAgent, "-" + body[1:]},
		{"a letter of two bytes in the body", domain.ActorAgent, "é" + body[2:]},
	} {
		if key, err := Compose(tt.kind, tt.body); err == nil || key != "" {
			t.Errorf("Compose with %s = %q, %v; want an error", tt.name, key, err)
		}
	}
}

func TestEveryTypingMistakeIsRefused(t *testing.T) {
	key := compose(t, domain.ActorAgent)
	refused := func(mistake, typed string) {
		t.Helper()
		if typed == key {
			return
		}
		if _, ok := digestOf(typed); ok {
			t.Errorf("digestOf accepts a key with %s: %s", mistake, typed)
		}
	}
	for i := range len(key) {
		for _, c := range []byte(digits + "_-. \x00\xff") {
			refused("one character replaced", key[:i]+string([]byte{c})+key[i+1:])
			refused("one character added", key[:i]+string([]byte{c})+key[i:])
		}
		refused("one character left out", key[:i]+key[i+1:])
		if i > 0 {
			refused("two characters swapped", key[:i-1]+key[i:i+1]+key[i-1:i]+key[i+1:])
		}
		if i > 0 && i < checkStart {
			refused("the case of two letters changed",
				key[:i-1]+strings.ToUpper(key[i-1:i+1])+key[i+1:])
		}
	}
}

func FuzzDigestOf(f *testing.F) {
	for _, kind := range kinds {
		f.Add(compose(f, kind))
	}
	f.Add("")
	f.Add("cmt_")
	f.Add(strings.Repeat("a", keyLength))
	whole := regexp.MustCompile("^" + Pattern + "$")
	f.Fuzz(func(t *testing.T, presented string) {
		hash, ok := digestOf(presented)
		if !ok {
			if hash != (digest{}) {
				t.Error("digestOf gives the digest of what it refuses")
			}
			return
		}
		if !whole.MatchString(presented) {
			t.Fatalf("digestOf accepts %q, which is not of the form of a key", presented)
		}
		var check [6]byte
		encodeChecksum(crc32.ChecksumIEEE([]byte(presented[:checkStart])), &check)
		if presented[checkStart:] != string(check[:]) {
			t.Fatalf("digestOf accepts %q, whose checksum is wrong", presented)
		}
	})
}
