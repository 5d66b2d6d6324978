package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of Standard Webhooks (https://www.standardwebhooks.com).
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

const (
	secretPrefix = "whsec_"
	secretSize   = 32 // bytes
)

// newSecret returns a secret as it is shown to people: once.
func newSecret() string {
	secret := make([]byte, secretSize)
	rand.Read(secret)
	return secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// sign returns the headers of a message. Each of the secrets signs it, so that a
// receiver who knows any of them can check it.
func sign(id string, at time.Time, body []byte, secrets []string) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = "v1," + signature(secret, id, timestamp, body)
	}
	return http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"commentd-webhook/1"},
		http.CanonicalHeaderKey(headerID):        {id},
		http.CanonicalHeaderKey(headerTimestamp): {timestamp},
		http.CanonicalHeaderKey(headerSignature): {strings.Join(signatures, " ")},
	}
}

func signature(secret, id, timestamp string, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		panic("webhook: a secret that newSecret did not make")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
