package v1

import (
	"net/http"
	"strconv"

	"github.com/commentd/commentd/httpapi/inbound"
)

// page is a list of comments as it goes out. Pages are kept in memory and shown
// to any number of callers, so nothing of them changes. Headers are in the form in
// which net/http has them.
type page struct {
	cacheControl, total []string
	etag                []string // nil: the page is of the past
	link                []string // nil: there are no neighbours
	length              []string // of the body
	body                []byte
}

var jsonType = []string{mediaType}

// setHeaders sets what an answer with the page, or a part of it, says of the page.
func (p *page) setHeaders(h http.Header) {
	h["Cache-Control"], h["X-Total-Count"], h["Content-Type"] = p.cacheControl, p.total, jsonType
	if p.etag != nil {
		h["Etag"] = p.etag
	}
	if p.link != nil {
		h["Link"] = p.link
	}
	if p.length != nil {
		h["Content-Length"] = p.length
	}
}

// show answers with the page, or with 304 if the caller has it.
func (p *page) show(w http.ResponseWriter, r *http.Request) {
	if p.etag != nil && inbound.NoneMatch(r.Header["If-None-Match"], p.etag[0]) {
		notModified(w, p.etag, p.cacheControl)
		return
	}
	p.setHeaders(w.Header())
	_, _ = w.Write(p.body) // a caller who has gone does not mind
}

// finish completes the page with its body, which it copies.
func (p *page) finish(body []byte) {
	p.body = append(make([]byte, 0, len(body)), body...)
	p.length = []string{strconv.Itoa(len(body))}
}

func notModified(w http.ResponseWriter, etag, cacheControl []string) {
	h := w.Header()
	h["Etag"], h["Cache-Control"] = etag, cacheControl
	w.WriteHeader(http.StatusNotModified)
}

var (
	noteControl  = []string{cacheNever}
	plainControl = []string{cachePrivate}
)

// cacheControl is for lists: nobody but the caller is to keep a note.
func cacheControl(notes bool) []string {
	if notes {
		return noteControl
	}
	return plainControl
}
