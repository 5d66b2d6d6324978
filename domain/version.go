package domain

// Version is one text that a comment has had, or has now.
type Version struct {
	Content ContentRef
	By      Meta // of the event that brought it: who wrote it, and when
}

// Versions returns the texts that the events of one comment have left, oldest first;
// the last is what the comment says now. What was redacted is named as it was sealed
// anew; of an erased comment there are none but what was written since.
func Versions(events []Event) []Version {
	var versions []Version
	for _, e := range events {
		switch e := e.(type) {
		case CommentCreated:
			versions = append(versions, Version{e.Content, e.Meta})
		case CommentEdited:
			versions = append(versions, Version{e.Content, e.Meta})
		case CommentRedacted:
			for i := range min(len(versions), len(e.Contents)) {
				versions[i].Content = e.Contents[i].New
			}
		case ContentErased:
			versions = nil
		}
	}
	return versions
}
