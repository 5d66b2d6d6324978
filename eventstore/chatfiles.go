package eventstore

import (
	"context"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// redactChatFiles opens the entries whose files are to go, and seals anew those whose
// files are there still.
func (s *Store) redactChatFiles(ctx context.Context, cmd domain.RedactChatFiles) (_ domain.Command, d decision, err error) {
	all, err := s.chatEntries(ctx, cmd.Account, cmd.Ticket, cmd.Chat)
	if err != nil {
		return cmd, d, err
	}
	entries, err := all.Files(cmd.Indexes)
	if err != nil {
		return cmd, d, err
	}
	old := entries.Contents()
	sent, err := s.documents(ctx, cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), old)
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
	for i := range masked {
		if masked[i].Equal(bodies[i]) {
			continue
		}
		sealed, replacement, err := s.reseal(ctx, cmd.Account, cmd.Ticket, domain.CommentID(cmd.Chat), old[i], vault.DocumentOf(masked[i], sent[i].Client))
		if err != nil {
			return cmd, d, err
		}
		d.contents, cmd.Contents = append(d.contents, sealed), append(cmd.Contents, replacement)
	}
	cmd.Files, d.filesGone, _ = domain.FilesRedacted(bodies, masked)
	return cmd, d, nil
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
