package v1

import (
	"context"
	"encoding/binary"
	"net/http"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/httpapi/intake"
	"github.com/commentd/commentd/httpapi/problem"
)

// chatIDs reads the ids of the path.
func chatIDs(r *http.Request) (ticket domain.TicketID, chat domain.ChatID, err error) {
	if ticket, err = domain.ParseTicketID(r.PathValue("ticket_id")); err != nil {
		return ticket, chat, err
	}
	chat, err = domain.ParseChatID(r.PathValue("chat_id"))
	return ticket, chat, err
}

// startChat serves POST /v1/tickets/{ticket_id}/chats.
func (a *API) startChat(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, err := domain.ParseTicketID(r.PathValue("ticket_id"))
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	var body NewChat
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	cmd := domain.StartChat{Account: principal.Account, Ticket: ticket, By: principal.By()}
	if cmd.Chat, cmd.Visitor, err = body.valid(); err != nil {
		return err
	}
	request := append(append(ticket[:len(ticket):len(ticket)], cmd.Chat[:]...), cmd.Visitor[:]...)
	receipt, err := a.receiptOver(ctx, principal, "v1.startChat", key, request)
	if err != nil {
		return err
	}
	if cmd.Chat == (domain.ChatID{}) {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		cmd.Chat = domain.ChatID(id)
	}
	first, err := a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite)
	if err != nil {
		return err
	}
	cmd.Numbers = domain.Numbers{Audit: first, Subject: first + 1}
	role, err := a.introduce(ctx, cmd, receipt, cmd.Visitor, directory.RoleCustomer)
	switch {
	case err != nil:
		return err
	case role != directory.RoleCustomer:
		return problem.Invalid(problem.FieldError{Field: "visitor_id", Message: "is the id of a user of another role"})
	}
	return a.relayChat(w, r, http.StatusCreated, cmd, receipt)
}

// addChatMessages serves POST /v1/tickets/{ticket_id}/chats/{chat_id}/messages.
func (a *API) addChatMessages(w http.ResponseWriter, r *http.Request) error {
	ctx, principal := r.Context(), auth.From(r.Context())
	ticket, chat, err := chatIDs(r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	var body NewChatEntries
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	cmd := domain.AddChatEntries{Account: principal.Account, Ticket: ticket, Chat: chat, By: principal.By()}
	if cmd.Entries, err = body.valid(); err != nil {
		return err
	}
	receipt, err := a.receiptOver(ctx, principal, "v1.addChatMessages", key, chatRequest(&cmd))
	if err != nil {
		return err
	}
	for i := range cmd.Entries {
		if text := cmd.Entries[i].Text; text != nil {
			if cmd.Entries[i].Text, err = newText(text.Body, r); err != nil {
				return err
			}
		}
	}
	if cmd.Audit, err = a.numbers.Draw(ctx, principal.Account, domain.NumbersPerWrite); err != nil {
		return err
	}
	if err := a.introduceSpeakers(ctx, cmd, receipt); err != nil {
		return err
	}
	return a.relayChat(w, r, http.StatusCreated, cmd, receipt)
}

// introduceSpeakers sees to it that those who speak in the chat are known, and of roles
// that fit. Nobody is introduced before all of them have been looked at.
func (a *API) introduceSpeakers(ctx context.Context, cmd domain.AddChatEntries, receipt *eventstore.Receipt) error {
	roles, newcomers := make(map[domain.UserID]directory.Role), make(map[domain.UserID]directory.Role)
	for _, entry := range cmd.Entries {
		author := entry.Author
		role, met := roles[author.ID]
		if !met {
			var err error
			if role, err = a.people.Role(ctx, cmd.Account, author.ID); err != nil {
				return err
			}
			if role == "" {
				role = roleOf(author.Type)
				newcomers[author.ID] = role
			}
			roles[author.ID] = role
		}
		if !fits(author.Type, role) {
			return errSpeaker
		}
	}
	for id, role := range newcomers {
		switch known, err := a.introduce(ctx, cmd, receipt, id, role); {
		case err != nil:
			return err
		case known != role: // somebody was faster
			return errSpeaker
		}
	}
	return nil
}

var errSpeaker = problem.Invalid(problem.FieldError{Field: "author_type", Message: "does not fit the role of an author"})

// endChat serves POST /v1/tickets/{ticket_id}/chats/{chat_id}/end.
func (a *API) endChat(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	ticket, chat, err := chatIDs(r)
	if err != nil {
		return err
	}
	cmd := domain.EndChat{Account: principal.Account, Ticket: ticket, Chat: chat, By: principal.By()}
	if cmd.Audit, err = a.numbers.Draw(r.Context(), principal.Account, domain.NumbersPerWrite); err != nil {
		return err
	}
	return a.relayChat(w, r, http.StatusOK, cmd, nil)
}

// relayChat has a command about a chat executed and answers with what the chat is then.
func (a *API) relayChat(w http.ResponseWriter, r *http.Request, status int, cmd domain.ChatCommand, receipt *eventstore.Receipt) error {
	result, err := a.store.Execute(r.Context(), cmd, receipt)
	if err != nil {
		return err
	}
	account, ticket, _ := cmd.About()
	id := domain.ChatID(result.Comment)
	chat, err := a.store.Chat(r.Context(), account, ticket, id)
	if err != nil {
		return err
	}
	h := w.Header()
	if _, starts := cmd.(domain.StartChat); starts {
		h.Set("Location", a.base+"/v1/tickets/"+ticket.String()+"/chats/"+id.String())
	}
	if result.Replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	return reply(w, status, chatState(ticket, id, chat))
}

// getChat serves GET /v1/tickets/{ticket_id}/chats/{chat_id}.
func (a *API) getChat(w http.ResponseWriter, r *http.Request) error {
	principal := auth.From(r.Context())
	ticket, chat, err := chatIDs(r)
	if err != nil {
		return err
	}
	found, err := a.threads.Chat(r.Context(), principal.Account, ticket, chat, principal.Actor())
	if err != nil {
		return err
	}
	url := func(file domain.Attachment) string {
		return intake.Address(inbound.BaseURL(r, a.base), a.fileTokens, principal.Account, file)
	}
	return reply(w, http.StatusOK, shownChat(ticket, &found, url))
}

// chatRequest is what counts of a request to add to a chat.
func chatRequest(cmd *domain.AddChatEntries) []byte {
	request := append(cmd.Ticket[:len(cmd.Ticket):len(cmd.Ticket)], cmd.Chat[:]...)
	for _, entry := range cmd.Entries {
		request = append(append(request, byte(entry.Author.Type)), entry.Author.ID[:]...)
		if entry.Text == nil {
			request = append(request, 0)
			continue
		}
		request = binary.AppendUvarint(append(request, 1), uint64(len(entry.Text.Body)))
		request = append(request, entry.Text.Body...)
	}
	return request
}
