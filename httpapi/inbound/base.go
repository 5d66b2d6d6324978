package inbound

import (
	"net/http"
	"strings"
)

// BaseURL returns the scheme and the host by which callers reach this service: those that
// were configured, or else those of the request. It is "" if what the request names is no
// host: links are relative, then.
func BaseURL(r *http.Request, configured string) string {
	if configured != "" {
		return configured
	}
	for _, x := range r.Host {
		if (x < 'a' || x > 'z') && (x < 'A' || x > 'Z') && (x < '0' || x > '9') && !strings.ContainsRune("-.:[]", x) {
			return ""
		}
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
