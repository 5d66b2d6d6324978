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
	t, err := a.tagged(v)
	if err == nil {
		c.replyPage(t)
	}
	return err
}

// page is an answer that can be given again. Nothing of it changes.
type page struct {
	body         []byte
	tag          string
	lastModified string // empty: it does not say
}

func (a *API) tagged(v any) (*page, error) {
	body, err := encode(v)
	if err != nil {
		return nil, err
	}
	return &page{body: body, tag: `"` + a.tags.Tag([]byte("zendesk"), body) + `"`}, nil
}

func (c *call) replyPage(p *page) {
	h := c.w.Header()
	h.Set("ETag", "W/"+p.tag)
	if p.lastModified != "" {
		h.Set("Last-Modified", p.lastModified)
	}
	if inbound.NoneMatch(c.Header["If-None-Match"], p.tag) {
		h.Set("Cache-Control", cacheNever)
		c.w.WriteHeader(http.StatusNotModified)
		return
	}
	send(c.w, http.StatusOK, p.body)
}

// lastModified tells when the last change was made to any of the comments of a page,
// which is when the newest was made unless one was changed since.
func lastModified(comments []threads.Comment) string {
	var last time.Time
	for i := range comments {
		if at := comments[i].UpdatedAt; at.After(last) {
			last = at
		}
	}
	if last.IsZero() {
		return ""
	}
	return last.UTC().Format(http.TimeFormat)
}
