package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrSignature: a webhook was not signed with any of the secrets, or long ago.
var ErrSignature = errors.New("the webhook was not signed with this secret, or not lately")

// tolerance is how old a webhook may be: what was overheard cannot be sent again later.
const tolerance = 5 * time.Minute

// VerifyWebhook checks that a request with this header and this body, as it came, was sent
// by whoever knows one of the secrets (whsec_…), by Standard Webhooks. While a secret is
// being replaced, give both. It returns the webhook-id: the same for every repetition.
// The error is ErrSignature.
func VerifyWebhook(header http.Header, body []byte, secrets ...string) (id string, err error) {
	return verify(time.Now(), header, body, secrets)
}

func verify(now time.Time, header http.Header, body []byte, secrets []string) (id string, err error) {
	id, stamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); id == "" || err != nil || age > tolerance || age < -tolerance {
		return "", ErrSignature
	}
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for signature := range strings.FieldsSeq(header.Get("webhook-signature")) {
			version, encoded, _ := strings.Cut(signature, ",")
			got, err := base64.StdEncoding.DecodeString(encoded)
			if version == "v1" && err == nil && hmac.Equal(got, want) {
				return id, nil
			}
		}
	}
	return "", ErrSignature
}
