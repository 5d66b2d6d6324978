package eventstore

import (
	"context"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// redactChatFiles opens the entries whose files are to go, and seals anew those whose
// files are there still.
func (s *Store) redactChatFiles(ctx context.Context, cmd domain.RedactChatFiles) (_ domain.Command, d decision, err error) {
	entries, err := s.chatEntries(ctx, cmd.Account, cmd.Ticket, cmd.Chat)
	if err != nil {
		return cmd, d, err
	}
	files, err := entries.Files(cmd.Indexes)
	if err != nil {
		return cmd, d, err
	}
	versions := make([]domain.Version, len(files))
	for i := range files {
		versions[i].Content.ID = files[i].Content
	}
	chat := domain.CommentID(cmd.Chat)
	documents, err := s.documents(ctx, cmd.Account, cmd.Ticket, chat, versions)
	if err != nil {
		return cmd, d, err
	}
	bodies := make([]domain.Body, len(documents))
	var hide domain.Redaction
	for i := range documents {
		bodies[i] = documents[i].Written()
		for _, a := range bodies[i].Attachments {
			if !a.Placeholder() {
				hide.Attachments = append(hide.Attachments, a.Number)
			}
		}
	}
	if len(hide.Attachments) == 0 {
		return cmd, d, nil
	}
	if hide.Placeholders, err = s.placeholders(ctx, cmd.Account, bodies); err != nil {
		return cmd, d, err
	}
	masked, _, err := domain.Redact(bodies, hide, domain.MaskFixed) // which hides no text
	if err != nil {
		return cmd, d, err
	}
	cmd.Contents = nil // those of an earlier try
	for i := range masked {
		if masked[i].Equal(bodies[i]) {
			continue
		}
		sealed, err := s.reseal(ctx, cmd.Account, cmd.Ticket, chat, vault.DocumentOf(masked[i], documents[i].Client))
		if err != nil {
			return cmd, d, err
		}
		d.contents = append(d.contents, sealed)
		cmd.Contents = append(cmd.Contents, domain.Replacement{Old: versions[i].Content.ID, New: domain.ContentRef{ID: sealed.id, Digest: sealed.sealed.Digest}})
	}
	cmd.Files, d.filesGone, _ = domain.FilesRedacted(bodies, masked)
	return cmd, d, nil
}
