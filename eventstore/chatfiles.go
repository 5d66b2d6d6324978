package eventstore

import (
	"context"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// redactChatFiles opens the entries whose files are to go, and seals anew those whose
// files are there still.
func (s *Store) redactChatFiles(ctx context.Context, cmd domain.RedactChatFiles) (_ domain.Command, d decision, err error) {
	sent, err := s.sentInChat(ctx, cmd)
	if err != nil {
		return cmd, d, err
	}
	bodies := make([]domain.Body, len(sent))
	for i := range sent {
		bodies[i] = sent[i].Written()
	}
	hide := domain.Redaction{Attachments: remaining(bodies)}
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
		sealed, err := s.reseal(ctx, cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), vault.DocumentOf(masked[i], sent[i].Client))
		if err != nil {
			return cmd, d, err
		}
		d.contents = append(d.contents, sealed)
		cmd.Contents = append(cmd.Contents, domain.Replacement{Old: sent[i].id, New: domain.ContentRef{ID: sealed.id, Digest: sealed.sealed.Digest}})
	}
	cmd.Files, d.filesGone, _ = domain.FilesRedacted(bodies, masked)
	return cmd, d, nil
}

// sentFile is what an entry of a chat says that is a file.
type sentFile struct {
	vault.Document
	id domain.ContentID
}

// sentInChat opens the entries that cmd names. Those that are erased are left out.
func (s *Store) sentInChat(ctx context.Context, cmd domain.RedactChatFiles) ([]sentFile, error) {
	all, err := s.chatEntries(ctx, cmd.Account, cmd.Ticket, cmd.Chat)
	if err != nil {
		return nil, err
	}
	entries, err := all.Files(cmd.Indexes)
	if err != nil {
		return nil, err
	}
	versions := make([]domain.Version, len(entries))
	for i := range entries {
		versions[i].Content.ID = entries[i].Content
	}
	documents, err := s.documents(ctx, cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), versions)
	sent := make([]sentFile, len(documents))
	for i := range documents {
		sent[i] = sentFile{documents[i], entries[i].Content}
	}
	return sent, err
}

// remaining returns the numbers of the files that no redaction has taken yet.
func remaining(bodies []domain.Body) (numbers []int64) {
	for _, b := range bodies {
		for _, a := range b.Attachments {
			if !a.Placeholder() {
				numbers = append(numbers, a.Number)
			}
		}
	}
	return numbers
}
