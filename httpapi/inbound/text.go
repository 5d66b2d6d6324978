package inbound

import (
	"net"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// NewText returns a text that r brings, with a content id of its own.
func NewText(r *http.Request, body domain.Body) (*domain.Text, error) {
	return TextFrom(body, client(r))
}

// TextFrom is NewText of what was sent from somewhere.
func TextFrom(body domain.Body, from domain.Client) (*domain.Text, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	return &domain.Text{
		Content: domain.ContentRef{ID: domain.ContentID(id)}, Body: body.Text, HTML: body.HTML, Custom: body.Custom, Voice: body.Voice, Source: body.Source,
		Flagged: body.Flagged, Client: from,
	}, nil
}

const maxUserAgent = 256 // bytes

// Origin returns the address that a request comes from, without the port: that of the
// connection, as headers in which a proxy may or may not have written another one can be
// written by anybody.
func Origin(r *http.Request) string {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	return ip
}

// client returns where a request comes from.
func client(r *http.Request) domain.Client {
	agent := r.UserAgent()
	return domain.Client{IP: Origin(r), UserAgent: strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "\ufffd")}
}
