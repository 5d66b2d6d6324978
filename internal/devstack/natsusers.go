package devstack

import "github.com/nats-io/nats-server/v2/server"

const (
	internalUser = "commentd"
	devUser      = "dev"
)

// relaySubjects are for the relay alone. Whoever hears what it publishes learns
// the inbox of its acknowledgements, and whoever may publish there can tell it
// that messages were stored which were not.
var relaySubjects = []string{"commentd.log.>", "commentd.out.>", "_INBOX_COMMENTD.>"}

// users are those of the server. The streams themselves are open to dev: JetStream
// delivers to the reader's own inbox.
func users(internal, dev string) []*server.User {
	return []*server.User{
		{Username: internalUser, Password: internal},
		{Username: devUser, Password: dev, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Deny: relaySubjects},
			Subscribe: &server.SubjectPermission{Deny: relaySubjects},
		}},
	}
}
