package v1

import (
	"errors"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
)

// addChatFiles serves POST /v1/tickets/{ticket_id}/chats/{chat_id}/files.
func (a *API) addChatFiles(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, chat, err := chatIDs(r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	var body NewChatFiles
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	token, author, err := body.valid()
	switch {
	case err != nil:
		return err
	case a.files == nil:
		return eventstore.ErrUnavailable
	}
	request := append(append(ticket[:len(ticket):len(ticket)], chat[:]...), byte(author.Type))
	request = append(append(request, author.ID[:]...), token[:]...)
	receipt, err := a.receiptOver(ctx, principal, "v1.addChatFiles", key, request)
	if err != nil {
		return err
	}
	cmd := domain.AddChatEntries{Account: principal.Account, Ticket: ticket, Chat: chat, By: principal.By()}
	if cmd.Entries, err = a.filesOf(r, token, author); err != nil {
		return err
	}
	if cmd.Audit, err = a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite); err != nil {
		return err
	}
	if err = a.introduceSpeakers(ctx, cmd, receipt); err == nil {
		err = a.relayChat(w, r, http.StatusCreated, cmd, receipt)
	}
	if errors.Is(err, domain.ErrChatFull) {
		return problem.Invalid(problem.FieldError{Field: "upload", Message: "has more files than the chat can take"})
	}
	return err
}

// filesOf returns an entry for each file of an upload. One of them claims all: of an
// upload that is not there (any more), so that the log can tell whether it was used up by
// this very request.
func (a *API) filesOf(r *http.Request, token vault.UploadToken, author domain.Author) (entries []domain.NewChatEntry, err error) {
	principal := auth.From(r.Context())
	var claimed domain.Text
	if err := a.files.Claim(r.Context(), principal.Account, principal.UserID, []vault.UploadToken{token}, &claimed); err != nil {
		return nil, err
	}
	for i := range max(1, len(claimed.Attachments)) {
		entry := domain.NewChatEntry{Kind: domain.ChatFile, Author: author}
		if entry.Text, err = newText("", r); err != nil {
			return nil, err
		}
		if i < len(claimed.Attachments) {
			entry.Text.Attachments = claimed.Attachments[i : i+1]
		}
		if i == 0 {
			entry.Text.Claims = claimed.Claims
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
