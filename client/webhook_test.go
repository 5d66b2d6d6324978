package client

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

// TestVerifyWebhook: an example that others compute alike, and what is not
// quite it.
func TestVerifyWebhook(t *testing.T) {
	const secret, other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	body, sent := `{"test": 2432232314}`, time.Unix(1614265330, 0)
	for _, tt := range []struct {
		name           string
		signature, msg string
		at             time.Time
		secrets        []string
		good           bool
	}{
		{"as sent", signature, body, sent, []string{secret}, true},
		{"with the secret before", signature, body, sent, []string{other, secret}, true},
		{"one of two signatures", "v1,AAAA " + signature, body, sent, []string{secret}, true},
		{"another secret", signature, body, sent, []string{other}, false},
		{"no secret", signature, body, sent, nil, false},
		{"an empty secret", signature, body, sent, []string{"whsec_", "", "whsec_?"}, false},
		{"another body", signature, body + " ", sent, []string{secret}, false},
		{"another version", "v2," + signature[3:], body, sent, []string{secret}, false},
		{"no signature", "", body, sent, []string{secret}, false},
		{"long ago", signature, body, sent.Add(6 * time.Minute), []string{secret}, false},
		{"to come", signature, body, sent.Add(-6 * time.Minute), []string{secret}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Webhook-Id": {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, "Webhook-Timestamp": {"1614265330"}, "Webhook-Signature": {tt.signature}}
			id, err := verify(tt.at, h, []byte(tt.msg), tt.secrets)
			switch {
			case tt.good && (err != nil || id != "msg_p5jXN8AQM9LWM0D4loKWxJek"):
				t.Errorf("refused: %v", err)
			case !tt.good && !errors.Is(err, ErrSignature):
				t.Errorf("taken as %q, %v", id, err)
			}
		})
	}
}
