package v1

import (
	"net/http"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
)

// Redaction is what POST …/redactions answers.
type Redaction struct {
	Comment  Comment  `json:"comment" doc:"The comment as it is now."`
	Receipt  *Receipt `json:"receipt,omitzero" required:"false" doc:"Absent if there was nothing to change."`
	NearHits []string `json:"near_hits" nullable:"false" doc:"What is left in the comment that only looks like what was hidden: in other letter case, digits of another script, ligatures. It is not hidden unless it is asked for by itself."`
}

// Receipt tells what becomes of the keys to what a redaction has removed.
type Receipt struct {
	EventID        domain.EventID      `json:"event_id" format:"uuid" doc:"Names the redaction."`
	Position       eventstore.Position `json:"position" doc:"Of the redaction in the log."`
	KeyDestroyedAt *Time               `json:"key_destroyed_at" nullable:"true" doc:"When the keys were destroyed that could open the former text where it still lies in dead rows, the WAL or backups. Null: not yet."`
	ErasureHorizon int64               `json:"erasure_horizon" doc:"For how many seconds after that the keys may be found in the WAL and the backups of the keyring, as the operator has declared."`
}

// redactComment serves POST …/comments/{comment_id}/redactions.
func (a *API) redactComment(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, comment, err := commentIDs(r)
	if err != nil {
		return err
	}
	var body NewRedaction
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	cmd := domain.RedactComment{Account: principal.Account, Ticket: ticket, Comment: comment, By: principal.By()}
	if cmd.Hide, err = body.valid(); err != nil {
		return err
	}
	settings, err := a.people.Settings(ctx, principal.Account)
	if err != nil {
		return err
	}
	cmd.Mask = settings.Mask
	if cmd.Revision, err = a.expected(r, principal, ticket, comment); err != nil {
		return err
	}
	if cmd.Audit, err = a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite); err != nil {
		return err
	}
	result, err := a.store.Execute(ctx, cmd, nil)
	if err != nil {
		return err
	}
	found, err := a.threads.Get(ctx, principal.Account, ticket, comment, principal.Actor())
	if err != nil {
		return err
	}
	c := shown(ticket, &found)
	setCommentHeaders(w.Header(), &c, a.commentTag(principal, comment, found.Revision))
	answer := Redaction{Comment: c, NearHits: append([]string{}, result.NearHits...)}
	if !result.Changed {
		return reply(w, http.StatusOK, answer)
	}
	w.Header().Set("Location", a.base+r.URL.Path+"/"+result.Event.String())
	answer.Receipt = a.receiptOf(result.Event, result.Position, nil)
	return reply(w, http.StatusCreated, answer)
}

func (a *API) receiptOf(event domain.EventID, position eventstore.Position, destroyed *time.Time) *Receipt {
	return &Receipt{event, position, (*Time)(destroyed), int64(a.erasureHorizon / time.Second)}
}

// getRedaction serves GET …/comments/{comment_id}/redactions/{event_id}.
func (a *API) getRedaction(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	ticket, comment, err := commentIDs(r)
	if err != nil {
		return err
	}
	event, err := domain.ParseEventID(r.PathValue("event_id"))
	if err != nil {
		return err
	}
	o, err := a.store.Obligation(r.Context(), principal.Account, ticket, comment, event)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, a.receiptOf(event, o.Position, o.KeyDestroyedAt))
}

// makePrivate serves POST …/comments/{comment_id}/make_private.
func (a *API) makePrivate(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, comment, err := commentIDs(r)
	if err != nil {
		return err
	}
	cmd := domain.MakePrivate{Account: principal.Account, Ticket: ticket, Comment: comment, By: principal.By()}
	if cmd.Revision, err = a.expected(r, principal, ticket, comment); err != nil {
		return err
	}
	if cmd.Audit, err = a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite); err != nil {
		return err
	}
	if _, err := a.store.Execute(ctx, cmd, nil); err != nil {
		return err
	}
	return a.showComment(w, r, http.StatusOK, ticket, comment)
}

// NewRedaction is the body of POST …/redactions.
type NewRedaction struct {
	_        struct{}      `additionalProperties:"true"`
	Text     Field[string] `json:"text" required:"false" minLength:"1" maxLength:"65536" doc:"At most 65,536 bytes of UTF-8, as a comment has. Every occurrence is hidden, case and all. One of text, html_body and all must be given."`
	HTMLBody Field[string] `json:"html_body" required:"false" minLength:"1" doc:"The html_body of the comment with <redact> around what to hide, or the attribute redact on links and images. What is marked is hidden wherever it occurs."`
	All      Field[bool]   `json:"all" required:"false" doc:"true hides everything."`
}

// valid checks the body and returns what is to be hidden.
func (b *NewRedaction) valid() (domain.Redaction, error) {
	var m mistakes
	given := 0
	for _, f := range []struct {
		name string
		Field[string]
		max  int
		most string
	}{{"text", b.Text, maxContent, maxContentText}, {"html_body", b.HTMLBody, maxBody, "1,048,576"}} {
		switch {
		case f.Null:
			m.add(f.name, "must not be null")
		case f.Set:
			given++
			m.text(f.name, f.Value, f.max, f.most)
		}
	}
	if b.All.Set {
		if given++; !b.All.Value {
			m.add("all", "must be true or absent")
		}
	}
	if err := m.err(); err != nil {
		return domain.Redaction{}, err
	}
	if given != 1 {
		return domain.Redaction{}, problem.Invalid(problem.FieldError{Field: "text", Message: "must be given, or html_body, or all, and only one of them"})
	}
	return domain.Redaction{Text: b.Text.Value, MarkedHTML: b.HTMLBody.Value, All: b.All.Value}, nil
}
