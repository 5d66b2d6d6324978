package eventstore

import (
	"context"
	"slices"

	"github.com/commentd/commentd/domain"
)

// Originals makes the e-mails anew that comments came from.
type Originals interface {
	// Rewrite returns an e-mail with its texts as hide returns them, as an upload of uploader
	// that is to be claimed, and whether there is one: if hide finds nothing in it, or it is
	// gone, there is not.
	Rewrite(ctx context.Context, account domain.AccountID, uploader domain.UserID, original domain.Attachment, hide func(domain.Body) (domain.Body, bool)) (domain.Attachment, domain.Claim, bool, error)
}

// RewriteOriginals has redactions make e-mails anew, which they drop otherwise. It is for
// whoever sets up a Store.
func (s *Store) RewriteOriginals(o Originals) { s.originals = o }

// rewriteOriginals adds e-mails made anew to the masked versions of a comment, from which
// those that it came from are gone. If everything is hidden, there is none.
func (s *Store) rewriteOriginals(ctx context.Context, cmd domain.RedactComment, versions, masked []domain.Body) (claims []domain.Claim, err error) {
	if s.originals == nil || cmd.Hide.All || !slices.ContainsFunc(versions, domain.Body.HasOriginal) {
		return nil, nil
	}
	secret, err := domain.NewSecret(versions, cmd.Hide)
	if err != nil {
		return nil, err
	}
	hide := func(b domain.Body) (domain.Body, bool) { return secret.Hide(b, cmd.Mask) }
	rewritten := map[int64]*domain.Attachment{}
	for i, b := range versions {
		for _, a := range b.Attachments {
			if !a.Original {
				continue
			}
			next, known := rewritten[a.Number]
			if !known {
				made, claim, ok, err := s.originals.Rewrite(ctx, cmd.Account, cmd.By.Actor.ID, a, hide)
				if err != nil {
					return nil, err
				}
				if ok {
					next, claims = &made, append(claims, claim)
				}
				rewritten[a.Number] = next
			}
			if next != nil {
				masked[i].Attachments = append(masked[i].Attachments, *next)
			}
		}
	}
	return claims, nil
}
