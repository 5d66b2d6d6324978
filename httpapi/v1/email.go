package v1

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/domain/mail"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/httpapi/intake"
)

// email is one e-mail on its way to become a comment.
type email struct {
	a         *API
	r         *http.Request
	principal auth.Principal
	raw       []byte
	mail.Message
}

// receive makes a comment of the e-mail, unless there is one already.
func (e *email) receive(ctx context.Context, ticket domain.TicketID) (id domain.CommentID, replayed bool, err error) {
	cmd := domain.CreateComment{
		Account: e.principal.Account, Ticket: ticket, By: e.principal.By(), Author: e.principal.Actor().Own(),
		Public: true, Channel: domain.ChannelEmail, Flags: e.flags(),
	}
	if err := e.a.identify(ctx, e.r, &cmd, ""); err != nil {
		return id, false, err
	}
	e.name(&cmd)
	if err := e.a.store.Refusal(ctx, cmd, nil); err != nil {
		return id, false, err
	}
	if _, err := e.a.threads.Get(ctx, cmd.Account, ticket, cmd.Comment, e.principal.Actor()); err == nil {
		return cmd.Comment, true, nil
	}
	if err := e.author(ctx, &cmd); err != nil {
		return id, false, err
	}
	upload, err := e.store(ctx, &cmd)
	if err == nil {
		_, err = e.a.store.Execute(ctx, cmd, nil)
	}
	if err != nil {
		e.a.dropUpload(ctx, upload)
	}
	if errors.Is(err, eventstore.ErrExists) { // it has come twice at a time
		return cmd.Comment, true, nil
	}
	return cmd.Comment, false, err
}

// name gives the comment the id that it has whenever this e-mail comes: made of its
// Message-ID, under a key. An e-mail without one is taken each time.
func (e *email) name(cmd *domain.CreateComment) {
	if e.ID == "" {
		return
	}
	cmd.Comment = domain.CommentID(e.a.tags.UUID([]byte("email"), binary.BigEndian.AppendUint32(nil, uint32(cmd.Account)), cmd.Ticket[:], []byte(e.ID)))
}

// flags are those that the e-mail tells by itself (contract §5.5).
func (e *email) flags() (f domain.Flags) {
	if e.Automatic {
		f |= 1 << domain.FlagAutomatic
	}
	if e.Unauthenticated {
		f |= 1 << domain.FlagForged
	}
	if len(e.ReplyTo) > 0 && len(e.From) > 0 && !strings.EqualFold(e.ReplyTo[0].Address, e.From[0].Address) {
		f |= 1 << domain.FlagReplyElsewhere
	}
	return f
}

// author finds out who has sent the e-mail, and introduces a customer who was not heard of
// before. Without a sender, and where somebody else may have written in the name of the
// helpdesk's own people, it is the program that brings it.
func (e *email) author(ctx context.Context, cmd *domain.CreateComment) error {
	if len(e.From) == 0 {
		return nil
	}
	from := e.From[0]
	u, err := e.a.people.UserByEmail(ctx, cmd.Account, from.Address)
	if errors.Is(err, directory.ErrUserNotFound) {
		u, err = e.introduce(ctx, cmd, from)
	}
	switch {
	case err != nil:
		return err
	case !u.Active || e.Unauthenticated && u.Role != directory.RoleCustomer:
		return nil
	}
	cmd.Author = u.Author()
	return nil
}

// introduce makes a customer of a sender. An address that cannot be one of a user is
// nobody's.
func (e *email) introduce(ctx context.Context, cmd *domain.CreateComment, from mail.Address) (directory.User, error) {
	cmd.Flags |= 1 << domain.FlagUnconfirmed
	profile := directory.Profile{Role: directory.RoleCustomer, Name: from.Name, Email: from.Address, Active: true}
	if len(profile.Invalid()) > 0 { // a name, mostly, that is none
		profile.Name = ""
	}
	if len(profile.Invalid()) > 0 {
		return directory.User{}, nil
	}
	u, _, err := e.a.people.ChangeUser(ctx, cmd.Account, domain.UserID(uuid.New()), func(directory.User, bool) (directory.Profile, error) {
		return profile, nil
	})
	if errors.Is(err, directory.ErrEmailTaken) { // somebody was faster
		return e.a.people.UserByEmail(ctx, cmd.Account, from.Address)
	}
	return u, err
}

// store keeps the files and the e-mail itself, and says in cmd what the comment says.
func (e *email) store(ctx context.Context, cmd *domain.CreateComment) (u files.Upload, err error) {
	settings, err := e.a.people.Settings(ctx, cmd.Account)
	if err != nil {
		return u, err
	}
	inline := map[string]string{} // addresses, by content id
	var tooLarge []string
	for _, f := range e.Files[:min(len(e.Files), maxEmailFiles)] {
		if int64(len(f.Content)) > settings.MaxAttachment() {
			tooLarge = append(tooLarge, f.Name)
			continue
		}
		at, err := e.a.intake.File(ctx, bytes.NewReader(f.Content), maxEmail)
		if errors.Is(err, intake.ErrEmpty) {
			continue
		}
		if err != nil {
			return u, err
		}
		at.Name = cmp.Or(domain.FileName(f.Name), "unnamed")
		at.Inline = f.ContentID != "" && strings.Contains(e.HTML, "cid:")
		if at, err = e.keep(ctx, cmd, &u, at); err != nil {
			return u, err
		}
		if at.Inline {
			inline[f.ContentID] = intake.Address(inbound.BaseURL(e.r, e.a.base), e.a.fileTokens, cmd.Account, at)
		}
	}
	original, err := e.a.files.Put(ctx, bytes.NewReader(e.raw))
	if err != nil {
		return u, err
	}
	original.Name, original.Type, original.Original = "original.eml", emailType, true
	if _, err := e.keep(ctx, cmd, &u, original); err != nil {
		return u, err
	}
	said := e.body(inline)
	cmd.Text.Body, cmd.Text.HTML, cmd.Text.Source = said.Text, said.HTML, e.source()
	if len(tooLarge) > 0 {
		cmd.Flags |= 1 << domain.FlagFileTooLarge
		cmd.Text.Flagged = flaggedFiles(tooLarge, settings.MaxAttachment())
	}
	err = e.a.files.Claim(ctx, cmd.Account, e.principal.UserID, []vault.UploadToken{u.Token}, cmd.Text)
	return u, err
}

// flaggedFiles is what is said of files that were not kept, as in domain.Body.Flagged. The
// limit is shown in MiB. What is too much to say is left out.
func flaggedFiles(names []string, limit int64) string {
	type message struct {
		File  string `json:"file"`
		Limit string `json:"account_limit"`
	}
	type option struct {
		Trusted bool    `json:"trusted"`
		Message message `json:"message"`
	}
	object, err := json.Marshal(map[int]option{domain.FlagFileTooLarge: {true, message{strings.Join(names, ", "), strconv.FormatInt(limit>>20, 10)}}})
	if err != nil {
		return ""
	}
	flagged, err := domain.ParseCustom(object)
	if err != nil {
		return ""
	}
	return flagged
}

// keep notes a file in the upload, which the first of them begins.
func (e *email) keep(ctx context.Context, cmd *domain.CreateComment, u *files.Upload, at domain.Attachment) (noted domain.Attachment, err error) {
	if u.Uploader == (domain.UserID{}) {
		*u, noted, err = e.a.files.Begin(ctx, cmd.Account, e.principal.UserID, at)
	} else {
		noted, err = e.a.files.Add(ctx, *u, at)
	}
	if err != nil {
		e.a.files.Forget(ctx, at)
	}
	return noted, err
}

// body is what the e-mail says: its HTML, if there is any, with the images that came with
// it in their places.
func (e *email) body(images map[string]string) domain.Body {
	if strings.TrimSpace(e.HTML) == "" {
		return domain.TextBody(e.Text)
	}
	source := domain.ResolveImages(e.HTML, func(address string) string {
		id, ok := strings.CutPrefix(address, "cid:")
		if !ok {
			return ""
		}
		if plain, err := url.PathUnescape(id); err == nil {
			id = plain
		}
		return images[id]
	})
	return domain.RichBody(domain.SanitiseHTML(source))
}

// source is via.source of the Zendesk-compatible API (contract §5.4). What is too much of
// it is left out.
func (e *email) source() string {
	type mailbox struct {
		Address    string   `json:"address,omitzero"`
		Name       string   `json:"name,omitzero"`
		Recipients []string `json:"original_recipients,omitzero"`
		CCs        []string `json:"email_ccs,omitzero"`
	}
	var s struct {
		From mailbox `json:"from"`
		To   mailbox `json:"to"`
	}
	if len(e.From) > 0 {
		s.From.Address, s.From.Name = e.From[0].Address, e.From[0].Name
	}
	for _, to := range slices.Concat(e.To, e.Cc) {
		s.From.Recipients = append(s.From.Recipients, to.Address)
	}
	if len(e.To) > 0 {
		s.To.Address, s.To.Name = e.To[0].Address, e.To[0].Name
	}
	for _, cc := range e.Cc {
		s.To.CCs = append(s.To.CCs, cc.Address)
	}
	for {
		object, err := json.Marshal(s)
		if err != nil {
			return ""
		}
		source, err := domain.ParseCustom(object)
		if err == nil {
			return source
		}
		if s.From.Recipients == nil {
			return ""
		}
		s.From.Recipients, s.To.CCs = nil, nil
	}
}

// dropUpload gives back what came to nothing. What it fails to, expires.
func (a *API) dropUpload(ctx context.Context, u files.Upload) {
	if u.Uploader != (domain.UserID{}) {
		_ = a.files.Drop(context.WithoutCancel(ctx), u)
	}
}
