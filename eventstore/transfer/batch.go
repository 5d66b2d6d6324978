package transfer

import (
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/fold"
	"github.com/commentd/commentd/eventstore/vault"
)

// batch is events that are appended together, and what they bring and remove.
type batch struct {
	groups []*group
	// removed are texts that events of the batch remove, and that the log may have from
	// before it. Those that the batch itself has brought are never written.
	removed []uuid.UUID
	texts   []text
	files   []fileStep
	blobs   bool // whether there are files, whose bytes lie elsewhere
}

// fileStep is what an event does to files, in order.
type fileStep struct {
	g *group
	// files are named by the texts of the event, thumbnails included.
	files []domain.Attachment
	// clears: those of the comment that the texts do not name are gone.
	clears bool
	// completes is the event whose obligation is completed.
	completes domain.EventID
}

func newBatch(groups []*group) (*batch, error) {
	b := &batch{groups: groups}
	gone := map[domain.ContentID]bool{}
	for _, g := range groups {
		for _, id := range fold.Removes(g.fact) {
			gone[id] = true
			b.removed = append(b.removed, uuid.UUID(id))
		}
	}
	for _, g := range groups {
		step := fileStep{g: g}
		for _, t := range g.texts {
			if !gone[t.ID] {
				b.texts = append(b.texts, t)
			}
			document, err := vault.DecodeDocument(t.Document)
			if err != nil {
				return nil, refuse(g.line, "a text of the event does not decode")
			}
			for _, a := range document.Attachments {
				step.name(a)
			}
		}
		switch fact := g.fact.(type) {
		case domain.CommentRedacted, domain.ChatRedacted:
			step.clears = true
		case domain.ContentErased:
			step.clears = !fact.Subject
		case domain.ObligationCompleted:
			step.completes = fact.Obligation
		}
		if len(step.files) > 0 || step.clears || step.completes != (domain.EventID{}) {
			b.files = append(b.files, step)
		}
		for _, a := range step.files {
			b.blobs = b.blobs || !a.Placeholder()
		}
	}
	return b, nil
}

// name notes a file and its thumbnails, each once: versions of a text name the same.
func (s *fileStep) name(a domain.Attachment) {
	if !slices.ContainsFunc(s.files, func(b domain.Attachment) bool { return a.Number == b.Number }) {
		s.files = append(s.files, a)
	}
	for _, t := range a.Thumbnails {
		s.name(t)
	}
}

// comments names the comments and chats of the batch, each once.
func (b *batch) comments() (keys []fold.CommentKey) {
	seen := map[fold.CommentKey]bool{}
	for _, g := range b.groups {
		key := fold.CommentKey{Account: g.recorded.Account, Comment: g.recorded.Comment}
		if key.Comment != (domain.CommentID{}) && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// tickets names the tickets of the batch, each once.
func (b *batch) tickets() (keys []fold.TicketKey) {
	seen := map[fold.TicketKey]bool{}
	for _, g := range b.groups {
		key := fold.TicketKey{Account: g.recorded.Account, Ticket: g.recorded.Ticket}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// id is an id as a column; the zero id is null.
func id[ID ~[16]byte](id ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != ID{}} }
