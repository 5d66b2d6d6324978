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
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	return &domain.Text{
		Content: domain.ContentRef{ID: domain.ContentID(id)}, Body: body.Text, HTML: body.HTML, Custom: body.Custom, Voice: body.Voice, Client: client(r),
	}, nil
}

const maxUserAgent = 256 // bytes

// client returns where a request comes from. The address is that of the
// connection: headers in which a proxy may or may not have written another one can
// be written by anybody.
func client(r *http.Request) domain.Client {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	agent := r.UserAgent()
	return domain.Client{IP: ip, UserAgent: strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "\ufffd")}
}
