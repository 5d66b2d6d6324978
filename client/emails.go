package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/mail"

	"github.com/google/uuid"
)

// emailType is the media type of an e-mail as it is sent.
const emailType = "message/rfc822"

// CreateEmail makes a comment of an e-mail, as it has come: 25 MiB at most; with the scope
// comments:act_as. One that has a Message-ID makes one comment, however often it is given.
func (c *Client) CreateEmail(ctx context.Context, ticket uuid.UUID, email []byte) (Comment, error) {
	read, err := mail.ReadMessage(bytes.NewReader(email))
	named := err == nil && read.Header.Get("Message-Id") != ""
	return c.comment(ctx, request{
		method: http.MethodPost, path: ticketPath(ticket) + "/emails", raw: email, media: emailType, once: !named,
	})
}

// Original returns the e-mail that a comment came from, as redactions have left it; with
// the scope audit:read. The caller closes it.
func (c *Client) Original(ctx context.Context, ticket, comment uuid.UUID) (io.ReadCloser, error) {
	answer, err := c.open(ctx, request{method: http.MethodGet, path: commentPath(ticket, comment) + "/original"})
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}
