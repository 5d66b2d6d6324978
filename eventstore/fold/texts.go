package fold

import (
	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/vault"
)

// Place is where a text belongs that the event r brings.
func Place(r *eventstore.Recorded, id domain.ContentID) vault.Place {
	if r.Comment == (domain.CommentID{}) {
		return vault.OfSubject(r.Account, r.Ticket, id)
	}
	return vault.OfComment(r.Account, r.Ticket, r.Comment, id)
}

// Brings returns the texts that are in the log with the event.
func Brings(e domain.Event) []domain.ContentRef {
	var refs []domain.ContentRef
	subject := func(ref *domain.ContentRef) {
		if ref != nil && ref.Digest != (domain.Digest{}) { // else it repeats what was there
			refs = append(refs, *ref)
		}
	}
	switch e := e.(type) {
	case domain.TicketOpened:
		subject(e.Subject)
	case domain.TicketChanged:
		subject(e.Subject)
	case domain.CommentCreated:
		refs = append(refs, e.Content)
	case domain.CommentEdited:
		refs = append(refs, e.Content)
	case domain.ChatEntryAdded:
		if e.Content != (domain.ContentRef{}) {
			refs = append(refs, e.Content)
		}
	case domain.CommentRedacted:
		refs = append(refs, latter(e.Contents)...)
	case domain.ChatRedacted:
		refs = append(refs, latter(e.Contents)...)
	}
	return refs
}

// Removes returns the texts that are gone with the event.
func Removes(e domain.Event) []domain.ContentID {
	switch e := e.(type) {
	case domain.CommentRedacted:
		return former(e.Contents)
	case domain.ChatRedacted:
		return former(e.Contents)
	case domain.ContentErased:
		return e.Contents
	}
	return nil
}

// Replaces returns the files that are gone with the event, and what is in their place.
func Replaces(e domain.Event) []domain.FileRedacted {
	switch e := e.(type) {
	case domain.CommentRedacted:
		return e.Files
	case domain.ChatRedacted:
		return e.Files
	}
	return nil
}

// former returns what was replaced, latter what stands in its place.
func former(replacements []domain.Replacement) []domain.ContentID {
	ids := make([]domain.ContentID, len(replacements))
	for i := range replacements {
		ids[i] = replacements[i].Old
	}
	return ids
}

func latter(replacements []domain.Replacement) []domain.ContentRef {
	refs := make([]domain.ContentRef, len(replacements))
	for i := range replacements {
		refs[i] = replacements[i].New
	}
	return refs
}
