package domain

import "fmt"

// DecideChat is Decide for commands about a chat; c is the chat, the zero Chat if the
// ticket has none with that id.
func DecideChat(t Ticket, c Chat, cmd ChatCommand) ([]Event, error) {
	switch cmd := cmd.(type) {
	case StartChat:
		return decideStart(t, c, cmd)
	case AddChatEntries:
		return decideEntries(t, c, cmd)
	case EndChat:
		if err := mayRelay(t, cmd.By); err != nil {
			return nil, err
		}
		switch {
		case !c.Exists:
			return nil, ErrChatNotFound
		case c.Ended:
			return nil, nil
		}
		return []Event{ChatEnded{Meta: cmd.By.meta(cmd.Audit)}}, nil
	case RedactChatMessage:
		if err := mayRedactChat(t, c, cmd.By, cmd.Index); err != nil || len(cmd.Contents) == 0 {
			return nil, err
		}
		return []Event{ChatRedacted{Meta: cmd.By.meta(cmd.Audit), Contents: cmd.Contents}}, nil
	case RedactChatFiles:
		if err := mayRedactChat(t, c, cmd.By, cmd.Indexes...); err != nil || len(cmd.Contents) == 0 {
			return nil, err
		}
		return []Event{ChatRedacted{Meta: cmd.By.meta(cmd.Audit), Contents: cmd.Contents, Files: cmd.Files}}, nil
	case EraseChat:
		return decideEraseChat(t, c, cmd)
	}
	panic(fmt.Sprintf("domain: no rule for %T", cmd))
}

// mayRelay checks what relaying a chat takes: it is done in the name of others.
func mayRelay(t Ticket, by By) error {
	switch {
	case !t.VisibleTo(by.Actor):
		return ErrTicketNotFound
	case !by.ActAs || !by.Actor.SeesInternal():
		return ErrForbidden
	}
	return nil
}

func decideStart(t Ticket, c Chat, cmd StartChat) ([]Event, error) {
	if err := mayRelay(t, cmd.By); err != nil {
		return nil, err
	}
	switch {
	case c.Exists:
		return nil, ErrChatExists
	case t.Status == StatusClosed:
		return nil, ErrTicketClosed
	}
	return []Event{ChatStarted{Meta: cmd.By.meta(cmd.Numbers.Audit), Number: cmd.Numbers.Subject, Visitor: cmd.Visitor}}, nil
}

func decideEntries(t Ticket, c Chat, cmd AddChatEntries) ([]Event, error) {
	if err := mayRelay(t, cmd.By); err != nil {
		return nil, err
	}
	switch {
	case !c.Exists:
		return nil, ErrChatNotFound
	case t.Status == StatusClosed:
		return nil, ErrTicketClosed
	case c.Ended:
		return nil, ErrChatEnded
	case c.Entries+len(cmd.Entries) > MaxChatEntries:
		return nil, ErrChatFull
	}
	events := make([]Event, 0, len(cmd.Entries))
	for i, entry := range cmd.Entries {
		if entry.Author.Type == AuthorCustomer && entry.Author.ID != c.Visitor {
			return nil, ErrNotVisitor
		}
		added := ChatEntryAdded{Meta: cmd.By.meta(cmd.Audit), Index: c.Entries + i, Kind: entry.Kind, Author: entry.Author}
		if entry.Text != nil {
			added.Content = entry.Text.Content
		}
		events = append(events, added)
	}
	return events, nil
}

// mayRedactChat checks what redacting entries of a chat takes.
func mayRedactChat(t Ticket, c Chat, by By, entries ...int) error {
	switch {
	case !t.VisibleTo(by.Actor):
		return ErrTicketNotFound
	case !by.Actor.SeesInternal():
		return ErrForbidden
	case !c.Exists:
		return ErrChatNotFound
	case !c.Ended:
		return ErrChatActive
	case t.LegalHold:
		return ErrLegalHold
	}
	for _, i := range entries {
		if i < 0 || i >= c.Entries {
			return ErrNoChatEntry
		}
	}
	return nil
}

func decideEraseChat(t Ticket, c Chat, cmd EraseChat) ([]Event, error) {
	switch {
	case !t.VisibleTo(cmd.By.Actor):
		return nil, ErrTicketNotFound
	case !c.Exists:
		return nil, ErrChatNotFound
	case !cmd.By.Admin:
		return nil, ErrForbidden
	case t.LegalHold:
		return nil, ErrLegalHold
	case c.Content == ContentID{}:
		return nil, nil
	}
	return []Event{ContentErased{Meta: cmd.By.meta(cmd.Audit), Chat: true, Contents: cmd.Contents, Cause: cmd.Cause}}, nil
}
