package zendesk

import (
	"net/http"
	"time"

	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/projections/threads"
)

// replyTagged answers with v as JSON under a weak entity tag, or with 304 if the caller has
// that already. The tag is a keyed digest of all that is shown, so whatever changes in it
// changes the tag: a redaction, a visibility, the name of a user. It tells nothing of what
// it is made from.
func (a *API) replyTagged(c *call, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	tag := `"` + a.tags.Tag([]byte("zendesk"), body) + `"`
	h := c.w.Header()
	h.Set("ETag", "W/"+tag)
	if inbound.NoneMatch(c.Header["If-None-Match"], tag) {
		h.Set("Cache-Control", cacheNever)
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	send(c.w, http.StatusOK, body)
	return nil
}

// setLastModified tells when the last change was made to any of the comments of a page,
// which is when the newest was made unless one was changed since.
func (c *call) setLastModified(comments []threads.Comment) {
	var last time.Time
	for i := range comments {
		if at := comments[i].UpdatedAt; at.After(last) {
			last = at
		}
	}
	if !last.IsZero() {
		c.w.Header().Set("Last-Modified", last.UTC().Format(http.TimeFormat))
	}
}
