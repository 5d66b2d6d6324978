package relay

import (
	"slices"
	"strings"

	"github.com/commentd/commentd/eventstore"
)

// headers returns the names of the headers that messages of the form have, sorted.
func (f form) headers() []string {
	names := []string{headerSpecVersion, headerSource, headerType, headerContentType}
	for _, name := range varying {
		if name != headerExpectedLast && !slices.Contains(f.keeps, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// LogHeaders returns the names of the headers of messages in the log stream.
func LogHeaders() []string { return logForm(0).headers() }

// Headers returns the names of the headers of messages that the audience gets.
func (a Audience) Headers() []string { return a.form().headers() }

// Types returns the types of events that the audience is told of. Customers are told of
// their chats when they ask for them, and of keys never.
func (a Audience) Types() []string {
	types := eventstore.EventTypes()
	if a == AudiencePublic {
		types = slices.DeleteFunc(types, func(name string) bool {
			return strings.HasPrefix(name, "chat.") || strings.HasPrefix(name, "obligation.")
		})
	}
	return types
}
