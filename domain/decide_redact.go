package domain

func decidePrivate(t Ticket, c Comment, cmd MakePrivate) ([]Event, error) {
	if err := mayKnow(t, c, cmd.By); err != nil {
		return nil, err
	}
	switch {
	case !cmd.By.Actor.SeesInternal():
		return nil, ErrInternalForbidden
	case t.Status == StatusClosed && cmd.Origin == nil:
		return nil, ErrTicketClosed
	}
	if err := stillAt(c, cmd.Revision); err != nil {
		return nil, err
	}
	if !c.Public {
		return nil, nil // already private: the wish is met
	}
	meta := cmd.By.meta(cmd.Audit)
	meta.Origin = cmd.Origin.recorded()
	return []Event{CommentMadePrivate{Meta: meta}}, nil
}

// decideRedact: a closed ticket is no obstacle unless the command makes it one, a legal
// hold is (contract §7.3).
func decideRedact(t Ticket, c Comment, cmd RedactComment) ([]Event, error) {
	if err := mayKnow(t, c, cmd.By); err != nil {
		return nil, err
	}
	switch {
	case !cmd.By.Actor.SeesInternal():
		return nil, ErrForbidden
	case cmd.OnlyOpen && t.Status == StatusClosed:
		return nil, ErrTicketClosed
	case t.LegalHold:
		return nil, ErrLegalHold
	}
	if err := stillAt(c, cmd.Revision); err != nil {
		return nil, err
	}
	if len(cmd.Contents) == 0 {
		return nil, nil
	}
	return []Event{CommentRedacted{Meta: cmd.By.meta(cmd.Audit), Contents: cmd.Contents, Files: cmd.Files, TextKept: cmd.TextKept}}, nil
}

// decideErase: a deleted comment can be erased, too.
func decideErase(t Ticket, c Comment, cmd EraseComment) ([]Event, error) {
	switch {
	case !t.VisibleTo(cmd.By.Actor):
		return nil, ErrTicketNotFound
	case !c.Exists:
		return nil, ErrNotFound
	case !cmd.By.Admin:
		return nil, ErrForbidden
	case t.LegalHold:
		return nil, ErrLegalHold
	case c.Content == ContentID{}:
		return nil, nil
	}
	return []Event{ContentErased{Meta: cmd.By.meta(cmd.Audit), Contents: cmd.Contents, Cause: cmd.Cause}}, nil
}

func decideEraseSubject(t Ticket, cmd EraseSubject) ([]Event, error) {
	switch {
	case !t.VisibleTo(cmd.By.Actor):
		return nil, ErrTicketNotFound
	case !cmd.By.Admin:
		return nil, ErrForbidden
	case t.LegalHold:
		return nil, ErrLegalHold
	case len(cmd.Contents) == 0:
		return nil, nil
	}
	return []Event{ContentErased{Meta: cmd.By.meta(cmd.Audit), Subject: true, Contents: cmd.Contents, Cause: cmd.Cause}}, nil
}
