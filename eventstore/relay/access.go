package relay

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Access is who may do what in NATS. Written for nats-server it is the only way to hand out
// outlets that keeps what they are for.
//
// Readers are in accounts of NATS that are not commentd's. Whoever may ask JetStream for
// anything names the subject of the answer, and permissions do not look at that: within
// one account a reader could have messages put where the log stream, or commentd itself,
// takes them for true. Across accounts answers stay on the reader's side.
type Access struct {
	Outlets []NamedOutlet
	// LogReaders are users for trusted programs of the operator, who may read the log stream.
	LogReaders []string
	Shard      int16
}

// NamedOutlet is an outlet with the slug of its account.
type NamedOutlet struct {
	Outlet
	Slug string
}

// ServiceAccount is the account of NATS that commentd itself is in.
const ServiceAccount = "COMMENTD"

// ReaderUser is the name of the user of a reader.
func ReaderUser(slug string, a Audience, reader string) string {
	return slug + "." + string(a) + "." + reader
}

// ReaderInbox is what the subjects begin with on which a user gets answers.
func ReaderInbox(name string) string { return "_INBOX_" + name }

// ReaderAPI is what stands in the place of $JS.API in the requests of readers: that is
// answered by their own account, which has no JetStream.
const ReaderAPI = "COMMENTD.API"

// readerRequests are what a reader may ask of the consumer that was made for it, after
// $JS.API or ReaderAPI.
func readerRequests(stream, reader string) []string {
	return []string{
		".CONSUMER.INFO." + stream + "." + reader,
		".CONSUMER.MSG.NEXT." + stream + "." + reader,
		".CONSUMER.RESET." + stream + "." + reader,
	}
}

// logRequests are what a reader of the log stream may ask.
func logRequests(stream string) []string {
	return []string{
		"$JS.API.STREAM.INFO." + stream,
		"$JS.API.CONSUMER.CREATE." + stream + ".>",
		"$JS.API.CONSUMER.INFO." + stream + ".*",
		"$JS.API.CONSUMER.MSG.NEXT." + stream + ".*",
	}
}

// passwordOf is the variable of a user's password, in the environment of nats-server.
func passwordOf(user string) string {
	return "PASSWORD_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(user))
}

// Write writes the accounts and users as a part of a configuration of nats-server.
func (a Access) Write(w io.Writer) error {
	if err := a.check(); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("accounts {\n")
	fmt.Fprintf(&b, "  %s {\n    jetstream: enabled\n    users: [\n", ServiceAccount)
	writeUser(&b, "commentd", nil, "")
	for _, name := range a.LogReaders {
		writeUser(&b, name, logRequests(StreamName(a.Shard)), ReaderInbox(name))
	}
	b.WriteString("    ]\n    exports: [\n")
	for _, o := range a.Outlets {
		stream := OutletStream(o.Slug, o.Audience)
		for _, reader := range o.Readers {
			for _, request := range readerRequests(stream, reader) {
				response := ""
				if strings.Contains(request, ".NEXT.") {
					response = ", response_type: stream"
				}
				fmt.Fprintf(&b, "      {service: %q%s, accounts: [%q]}\n", "$JS.API"+request, response, stream)
			}
		}
	}
	b.WriteString("    ]\n  }\n")
	for _, o := range a.Outlets {
		o.write(&b)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// write writes the account of an outlet's readers.
func (o NamedOutlet) write(b *strings.Builder) {
	stream := OutletStream(o.Slug, o.Audience)
	fmt.Fprintf(b, "  %q {\n    users: [\n", stream)
	for _, reader := range o.Readers {
		var requests []string
		for _, request := range readerRequests(stream, reader) {
			requests = append(requests, ReaderAPI+request)
		}
		writeUser(b, ReaderUser(o.Slug, o.Audience, reader), requests, ReaderInbox(reader))
	}
	b.WriteString("    ]\n    imports: [\n")
	for _, reader := range o.Readers {
		for _, request := range readerRequests(stream, reader) {
			fmt.Fprintf(b, "      {service: {account: %s, subject: %q}, to: %q}\n", ServiceAccount, "$JS.API"+request, ReaderAPI+request)
		}
	}
	b.WriteString("    ]\n  }\n")
}

// writeUser writes a user, who may do everything in the account if there is no inbox.
func writeUser(b *strings.Builder, name string, requests []string, inbox string) {
	fmt.Fprintf(b, "      {user: %q, password: $%s", name, passwordOf(name))
	if inbox != "" {
		quoted := make([]string, len(requests))
		for i, subject := range requests {
			quoted[i] = fmt.Sprintf("%q", subject)
		}
		fmt.Fprintf(b, ", permissions: {\n        publish: {allow: [%s]}\n        subscribe: {allow: [%q]}\n      }", strings.Join(quoted, ", "), inbox+".>")
	}
	b.WriteString("}\n")
}

// check refuses names that would be mistaken for each other.
func (a Access) check() error {
	users := []string{"commentd"}
	for _, name := range a.LogReaders {
		if !isToken(name, "-_") {
			return ErrReaderName
		}
		users = append(users, name)
	}
	for _, o := range a.Outlets {
		for _, reader := range o.Readers {
			users = append(users, ReaderUser(o.Slug, o.Audience, reader))
		}
	}
	seen := make(map[string]string)
	for _, user := range users {
		password := passwordOf(user)
		if other, taken := seen[password]; taken {
			return errors.New("the passwords of " + other + " and " + user + " would be the same variable: rename one of them")
		}
		seen[password] = user
	}
	return nil
}
