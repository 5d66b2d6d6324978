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
			all[i].Content = ReplacedBy(e.Contents, all[i].Content)
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

// Files returns those of the entries with these indexes, each once, whose files are there
// still. The error is ErrNoChatEntry if one is no file, or not there.
func (all ChatEntries) Files(indexes []int) (files ChatEntries, err error) {
	seen := make(map[int]bool, len(indexes))
	for _, i := range indexes {
		if i < 0 || i >= len(all) || all[i].Kind != ChatFile {
			return nil, ErrNoChatEntry
		}
		if !seen[i] && all[i].Content != (ContentID{}) {
			files = append(files, all[i])
		}
		seen[i] = true
	}
	return files, nil
}
