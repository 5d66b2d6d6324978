package domain

// A ChatEntry is an entry of a chat as later events have left it.
type ChatEntry struct {
	By     Meta // of the event that added it
	Kind   ChatKind
	Author Author
	// Content is what it says today: zero if it says nothing, or is erased.
	Content ContentID
	Erased  bool
}

// ChatEntries are the entries of a chat, by index.
type ChatEntries []ChatEntry

// Evolve returns the entries after e, an event about the chat. It may change those that
// it is called on.
func (all ChatEntries) Evolve(e Event) ChatEntries {
	switch e := e.(type) {
	case ChatEntryAdded:
		return append(all, ChatEntry{By: e.Meta, Kind: e.Kind, Author: e.Author, Content: e.Content.ID})
	case ChatRedacted:
		for i := range all {
			all[i].Content = replacedBy(e.Contents, all[i].Content)
		}
	case ContentErased:
		for i := range all {
			if all[i].Content != (ContentID{}) {
				all[i].Content, all[i].Erased = ContentID{}, true
			}
		}
	}
	return all
}

// Contents returns the texts that there are.
func (all ChatEntries) Contents() (ids []ContentID) {
	for i := range all {
		if all[i].Content != (ContentID{}) {
			ids = append(ids, all[i].Content)
		}
	}
	return ids
}
