package v1

import (
	"net/http"

	"github.com/commentd/commentd/httpapi/inbound"
)

// unchanged answers 304 if the caller has the representation with the entity tag
// already, and reports whether it did. The headers of the full answer must be set
// before.
func unchanged(w http.ResponseWriter, r *http.Request, etag string) bool {
	if !inbound.NoneMatch(r.Header["If-None-Match"], etag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}
