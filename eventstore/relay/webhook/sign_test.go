package webhook

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/eventstore/vault"
)

// TestSign: as other implementations of Standard Webhooks do.
func TestSign(t *testing.T) {
	const (
		secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		id     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
		body   = `{"test": 2432232314}`
		want   = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	)
	h := sign(id, time.Unix(1614265330, 0), []byte(body), []string{secret})
	if got := h.Get("webhook-signature"); got != want || h.Get("webhook-id") != id || h.Get("webhook-timestamp") != "1614265330" {
		t.Errorf("sign = %v; want the signature %s", h, want)
	}
}

// TestSecrets: for a day two secrets sign, never more.
func TestSecrets(t *testing.T) {
	now := time.Now()
	s := sealed{Secret: newSecret()}
	first := s.Secret
	if got := s.secrets(now); len(got) != 1 || len(sign("id", now, nil, got)) != 5 {
		t.Errorf("%d secrets before any rotation", len(got))
	}
	second := s.rotate(now)
	if got := s.secrets(now.Add(overlap - time.Second)); len(got) != 2 || got[0] != second || got[1] != first {
		t.Errorf("secrets = %d; want the new one and the old one", len(got))
	}
	if got := strings.Fields(sign("id", now, nil, s.secrets(now)).Get("webhook-signature")); len(got) != 2 || got[0] == got[1] {
		t.Errorf("signatures = %q; want two", got)
	}
	if got := s.secrets(now.Add(overlap)); len(got) != 1 || got[0] != second {
		t.Error("the old secret signs after the overlap")
	}
	third := s.rotate(now)
	if got := s.secrets(now); len(got) != 2 || got[0] != third || got[1] != second {
		t.Error("a secret signs after two rotations")
	}
}

// TestSeal: what is sealed for one endpoint opens for no other, of no other account.
func TestSeal(t *testing.T) {
	root, err := vault.ParseRootKey(vault.GenerateRootKey())
	if err != nil {
		t.Fatal(err)
	}
	s := NewStore(nil, root, 0)
	a, b := ID(uuid.New()), ID(uuid.New())
	text, err := s.seal(1, a, sealed{URL: "https://example.com/?token=1", Secret: "whsec_"})
	if err != nil || strings.Contains(string(text), "example") {
		t.Fatalf("seal = %q, %v", text, err)
	}
	if got, err := s.open(1, a, text); err != nil || got.URL != "https://example.com/?token=1" {
		t.Errorf("open = %+v, %v", got, err)
	}
	if _, err := s.open(1, b, text); err == nil {
		t.Error("opens for another endpoint")
	}
	if _, err := s.open(2, a, text); err == nil {
		t.Error("opens for another account")
	}
}
