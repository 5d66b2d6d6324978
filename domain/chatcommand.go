package domain

// A ChatCommand is a Command about one chat. About gives the id of the chat where that
// of a comment would be: things of a ticket have ids that are unique among all of them.
type ChatCommand interface {
	Command
	isChatCommand()
}

// StartChat begins a chat on a ticket that is there.
type StartChat struct {
	Account AccountID
	Ticket  TicketID
	Chat    ChatID
	By      By
	Visitor UserID
	Numbers Numbers
}

// AddChatEntries adds to a chat, in order. All of them are one write.
type AddChatEntries struct {
	Account AccountID
	Ticket  TicketID
	Chat    ChatID
	By      By
	Entries []NewChatEntry
	Audit   int64
}

// NewChatEntry is an entry to be added.
type NewChatEntry struct {
	Kind   ChatKind
	Author Author
	Text   *Text // nil: of a ChatJoin. That of a ChatFile has one attachment and no body
}

// EndChat ends a chat. It may be asked for on a closed ticket, too: a chat that goes on
// cannot be redacted.
type EndChat struct {
	Account AccountID
	Ticket  TicketID
	Chat    ChatID
	By      By
	Audit   int64
}

// RedactChatMessage hides something in one message of a chat that has ended, also on a
// closed ticket.
type RedactChatMessage struct {
	Account AccountID
	Ticket  TicketID
	Chat    ChatID
	By      By
	Audit   int64
	Index   int
	// Marked is what the message says today, with marks: see MarkMessage.
	Marked string
	Mask   Mask
	// Contents are what is sealed anew; none if nothing has to be hidden. Whoever opens
	// and seals fills them in.
	Contents []Replacement
}

// RedactChatFiles destroys files that were sent in a chat that has ended, also on a closed
// ticket: all of them or none. Those that are gone already stay as they are.
type RedactChatFiles struct {
	Account AccountID
	Ticket  TicketID
	Chat    ChatID
	By      By
	Audit   int64
	Indexes []int // of entries that are files; one may be named twice
	// Contents and Files are what is sealed anew and what is in the place of the files, as in
	// RedactComment; none if all of them are gone. Whoever opens and seals fills them in.
	Contents []Replacement
	Files    []FileRedacted
}

// EraseChat removes all that was ever said in a chat.
type EraseChat struct {
	Account AccountID
	Ticket  TicketID
	Chat    ChatID
	By      By
	Audit   int64
	Cause   Cause
	// Contents are as in EraseComment.
	Contents []ContentID
}

// About is described at ChatCommand.
func (c StartChat) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID(c.Chat)
}

// About is described at ChatCommand.
func (c AddChatEntries) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID(c.Chat)
}

// About is described at ChatCommand.
func (c EndChat) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID(c.Chat)
}

// About is described at ChatCommand.
func (c RedactChatMessage) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID(c.Chat)
}

// About is described at ChatCommand.
func (c RedactChatFiles) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID(c.Chat)
}

// About is described at ChatCommand.
func (c EraseChat) About() (AccountID, TicketID, CommentID) {
	return c.Account, c.Ticket, CommentID(c.Chat)
}

func (StartChat) isCommand()      {}
func (AddChatEntries) isCommand() {}
func (EndChat) isCommand()        {}
func (EraseChat) isCommand()      {}

func (RedactChatMessage) isCommand()     {}
func (RedactChatMessage) isChatCommand() {}

func (RedactChatFiles) isCommand()     {}
func (RedactChatFiles) isChatCommand() {}

func (StartChat) isChatCommand()      {}
func (AddChatEntries) isChatCommand() {}
func (EndChat) isChatCommand()        {}
func (EraseChat) isChatCommand()      {}
