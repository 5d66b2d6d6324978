package v1

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/domain/mail"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
)

const (
	emailType = "message/rfc822"
	maxEmail  = 25 << 20
	// maxEmailFiles leaves room for the e-mail itself among the files of a comment.
	maxEmailFiles = domain.MaxAttachments - 1
	// emailsAtOnce bounds the memory for e-mails: each is in there as a whole.
	emailsAtOnce = 4
)

var (
	errEmailType = problem.New(problem.UnsupportedMedia, "The body must be an e-mail: Content-Type: message/rfc822.")
	errEmailSize = problem.New(problem.PayloadTooLarge, "An e-mail must not be longer than 25 MiB.")
	errNoEmail   = problem.New(problem.NotFound, "There is no e-mail that the comment came from, or none any more.")
)

// fileStore is what this API asks of the files that go with comments: files.Store.
type fileStore interface {
	Put(ctx context.Context, src io.Reader) (domain.Attachment, error)
	Begin(ctx context.Context, account domain.AccountID, uploader domain.UserID, a domain.Attachment) (files.Upload, domain.Attachment, error)
	Add(ctx context.Context, u files.Upload, a domain.Attachment) (domain.Attachment, error)
	Claim(ctx context.Context, account domain.AccountID, uploader domain.UserID, tokens []vault.UploadToken, text *domain.Text) error
	Drop(ctx context.Context, u files.Upload) error
	Forget(ctx context.Context, a domain.Attachment)
	Open(ctx context.Context, a domain.Attachment) io.ReadSeekCloser
}

// createEmail serves POST /v1/tickets/{ticket_id}/emails.
func (a *API) createEmail(w http.ResponseWriter, r *http.Request) error {
	ticket, err := domain.ParseTicketID(r.PathValue("ticket_id"))
	switch {
	case err != nil:
		return err
	case a.files == nil:
		return eventstore.ErrUnavailable
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != emailType {
		return errEmailType
	}
	if r.ContentLength > maxEmail {
		return errEmailSize
	}
	select {
	case a.emails <- struct{}{}:
		defer func() { <-a.emails }()
	case <-r.Context().Done():
		return context.Cause(r.Context())
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEmail))
	if err != nil {
		if err = readError(err); errors.Is(err, errTooLarge) {
			return errEmailSize
		}
		return err
	}
	e := &email{a: a, r: r, principal: auth.From(r.Context()), raw: raw, Message: mail.Parse(raw)}
	comment, replayed, err := e.receive(r.Context(), ticket)
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.base+"/v1/tickets/"+ticket.String()+"/comments/"+comment.String())
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	return a.showComment(w, r, http.StatusCreated, ticket, comment)
}

// getOriginal serves GET /v1/tickets/{ticket_id}/comments/{comment_id}/original.
func (a *API) getOriginal(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	ticket, comment, err := commentIDs(r)
	switch {
	case err != nil:
		return err
	case a.files == nil:
		return eventstore.ErrUnavailable
	}
	found, err := a.threads.GetWhole(r.Context(), principal.Account, ticket, comment, principal.Actor())
	if err != nil {
		return err
	}
	if found.Document == nil {
		return errNoEmail
	}
	i := slices.IndexFunc(found.Document.Attachments, func(f domain.Attachment) bool { return f.Original })
	if i < 0 {
		return errNoEmail
	}
	original := a.files.Open(r.Context(), found.Document.Attachments[i])
	defer original.Close()
	first := make([]byte, min(found.Document.Attachments[i].Size, 4096))
	if _, err := io.ReadFull(original, first); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", emailType)
	h.Set("Content-Length", strconv.FormatInt(found.Document.Attachments[i].Size, 10))
	h.Set("Content-Disposition", `attachment; filename="original.eml"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", cacheNever)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := w.Write(first); err == nil {
		_, _ = io.Copy(w, original) // what breaks off is shorter than was said
	}
	return nil
}
