package eventstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/commentd/commentd/domain"
)

// Result is what became of a command.
type Result struct {
	// Changed is false if the wish was already met or Replayed is true. The fields Event,
	// Position, Version and RecordedAt are set only if it is true.
	Changed bool
	// Replayed: the receipt belongs to an earlier command, which made Comment.
	Replayed bool
	Comment  domain.CommentID
	Ticket   domain.TicketID // of Comment, if Replayed is true
	Opened   bool            // the command opened the ticket
	Event    domain.EventID  // the last one
	Position Position        // of the last event
	Version  Version         // of the last event
	Removed  int             // contents that are gone for good
	// NearHits are of a redaction: what is left in the comment that only looks like what
	// was hidden (domain.Secret).
	NearHits []string
	// RecordedAt is the log's time of the events, in UTC.
	RecordedAt time.Time
}

// maxTries bounds how often a command is decided anew because another instance was
// faster. Each loss means that somebody else made progress.
const maxTries = 20

// Execute decides cmd on the present state and appends the events. If the state
// changes in between, it decides again. receipt may be nil. A text of cmd is sealed
// first, and its digest noted in cmd.
//
// Errors: the refusals of package domain, ErrReceiptReused, ErrExists,
// ErrUnknownOutcome, ErrUnavailable, ErrBusy. A receipt is for a command that makes a
// comment or a chat, or adds to a chat: what it names is Result.Comment.
func (s *Store) Execute(ctx context.Context, cmd domain.Command, receipt *Receipt) (Result, error) {
	account, ticket, comment := cmd.About()
	var texts []content
	var err error
	if !edits(cmd) {
		if texts, err = s.sealTexts(ctx, cmd); err != nil {
			return Result{}, err
		}
	}
	if _, creates := cmd.(domain.CreateComment); !creates {
		unlock, err := s.turn(ctx, cmd)
		if err != nil {
			return Result{}, err
		}
		defer unlock()
	}
	for range maxTries {
		st, err := s.current(ctx, cmd)
		if err != nil {
			return Result{}, err
		}
		if edits(cmd) { // what is not edited is as it was
			carryOver(st.said, cmd.(domain.UpdateComment).Text)
			if texts, err = s.sealTexts(ctx, cmd); err != nil {
				return Result{}, err
			}
		}
		decided, err := s.decide(ctx, cmd, st)
		if err != nil && st.cached {
			s.heads.drop(account, ticket)
			continue
		}
		if err != nil || len(decided.events) == 0 {
			// Whether the command was obeyed before outweighs what is true now.
			if r, found, lookupErr := s.replay(ctx, account, receipt); found || lookupErr != nil {
				return r, lookupErr
			}
			return Result{Comment: comment, Ticket: ticket}, err
		}
		for _, text := range texts {
			if bring(decided.events, text.id) {
				decided.contents, decided.claims = append(decided.contents, text), append(decided.claims, text.claims...)
			}
		}
		p, err := prepare(cmd, st, decided, receipt)
		if err != nil {
			return Result{}, err
		}
		v, err := s.append(ctx, p)
		if err != nil {
			return Result{}, err
		}
		switch v.outcome {
		case outcomeAppended:
			if p.ticketAfter != nil {
				s.heads.put(account, ticket, *p.ticketAfter, int32(v.version))
			}
			return Result{
				Changed: true, Comment: comment, Ticket: ticket, Opened: !st.ticket.Exists,
				Event: p.events[len(p.events)-1].id, Position: v.position, Version: v.version, Removed: len(p.removes), RecordedAt: v.recorded,
				NearHits: decided.nearHits,
			}, nil
		case outcomeReplayed, outcomeOtherRequest:
			if _, creates := cmd.(domain.CreateComment); creates && v.outcome == outcomeReplayed { // the request names the ticket
				return Result{Replayed: true, Comment: v.comment, Ticket: ticket}, nil
			}
			// Fingerprints are made under changing keys: compare under the key of the
			// first one before calling it another request.
			if r, found, err := s.replay(ctx, account, receipt); found || err != nil {
				return r, err
			}
		case outcomeTicketChanged:
			return Result{}, domain.ErrTicketChanged
		case outcomeTicketConflict, outcomeTicketFull:
			s.heads.drop(account, ticket)
		case outcomeCommentConflict: // it has changed: decide on what it is now
			if err := s.overtaken(ctx, cmd, st); err != nil {
				return Result{}, err
			}
		case outcomeRetiredBucket:
			for _, c := range decided.contents {
				s.vault.Forget(c.sealed.BucketID)
			}
			if edits(cmd) {
				continue
			}
			if texts, err = s.sealTexts(ctx, cmd); err != nil {
				return Result{}, err
			}
		case outcomeUploads:
			return Result{}, domain.ErrUploads
		}
	}
	return Result{}, fmt.Errorf("execute %T: %w", cmd, ErrBusy)
}

// edits reports whether cmd gives a comment another text.
func edits(cmd domain.Command) bool {
	update, ok := cmd.(domain.UpdateComment)
	return ok && update.Text != nil
}

// turn waits until those commands about the same comment have been executed that came
// before cmd. The comment may be redacted meanwhile: see overtaken.
func (s *Store) turn(ctx context.Context, cmd domain.Command) (unlock func(), err error) {
	_, ticket, comment := cmd.About()
	if _, writes := cmd.(domain.WriteTicket); writes {
		comment = domain.CommentID{} // which is new: others may want to change the ticket
	}
	unlock, free := s.stripes.tryLock(ticket, comment)
	if free {
		return unlock, nil
	}
	var arrived state
	update, _ := cmd.(domain.UpdateComment)
	if edits(cmd) {
		update.Text = nil // it is not compared yet, so none has to be opened
		if arrived, err = s.load(ctx, update); err != nil {
			return nil, err
		}
	}
	if unlock, err = s.stripes.lock(ctx, ticket, comment); err != nil {
		return nil, fmt.Errorf("execute %T: %w: %w", cmd, ErrBusy, err)
	}
	if edits(cmd) {
		if err := s.overtaken(ctx, cmd, arrived); err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}

// Refusal returns the error by which Execute would refuse cmd at present, nil if it would
// not. Nothing is sealed or written.
func (s *Store) Refusal(ctx context.Context, cmd domain.Command, receipt *Receipt) error {
	account, _, _ := cmd.About()
	if _, found, err := s.replay(ctx, account, receipt); found || err != nil {
		return err // what was obeyed before is not refused
	}
	st, err := s.load(ctx, cmd)
	if err != nil {
		return err
	}
	if _, err = st.decide(cmd); err != nil {
		return err
	}
	said, _ := textsOf(cmd)
	for _, text := range said {
		if slices.ContainsFunc(text.Claims, domain.Claim.Missing) {
			return domain.ErrUploads
		}
	}
	return nil
}

// decide has the domain decide cmd.
func (st *state) decide(cmd domain.Command) ([]domain.Event, error) {
	if cmd, ok := cmd.(domain.ChatCommand); ok {
		return domain.DecideChat(st.ticket, st.chat, cmd)
	}
	return domain.Decide(st.ticket, st.comment, cmd)
}

// current returns the state to decide cmd on: from memory if it is about the
// ticket alone and was here before, else from the database.
func (s *Store) current(ctx context.Context, cmd domain.Command) (state, error) {
	account, ticket, _ := cmd.About()
	_, creates := cmd.(domain.CreateComment)
	if creates {
		if st, ok := s.heads.get(account, ticket); ok {
			return st, nil
		}
	}
	st, err := s.load(ctx, cmd)
	if err == nil && creates && st.ticket.Exists {
		s.heads.put(account, ticket, st.ticket, st.ticketRevision)
	}
	return st, err
}

// decide decides cmd, and completes it first if it removes contents and is not refused
// as it is.
func (s *Store) decide(ctx context.Context, cmd domain.Command, st state) (d decision, err error) {
	switch about := cmd.(type) {
	case domain.RedactComment, domain.EraseComment, domain.EraseSubject, domain.EraseChat, domain.RedactChatMessage, domain.RedactChatFiles:
		if _, err := st.decide(cmd); err != nil {
			return d, err
		}
		if cmd, d, err = s.complete(ctx, about); err != nil {
			return d, err
		}
	case domain.CompleteObligation:
		if owed, err := s.owed(ctx, about.Obligation); err != nil || !owed {
			return d, err
		}
	}
	d.events, err = st.decide(cmd)
	return d, err
}

// decision is what has been decided on a command.
type decision struct {
	events   []domain.Event
	contents []content // that it brings, but for the texts of the command
	// filesGone are the files that a redaction removes, thumbnails included.
	filesGone []int64
	claims    []domain.Claim // of the uploads whose files the contents have
	nearHits  []string       // as in Result
}

// overtaken returns domain.ErrRevision if cmd would bring a text into a comment that
// was redacted or erased after the state was loaded: the text may be the one that was
// to go.
func (s *Store) overtaken(ctx context.Context, cmd domain.Command, st state) error {
	if !edits(cmd) {
		return nil
	}
	update := cmd.(domain.UpdateComment)
	since, err := s.ReadComment(ctx, update.Account, update.Ticket, update.Comment, Version(st.comment.Revision))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(since, func(r Recorded) bool {
		return r.Type == kindCommentRedacted.name || r.Type == kindContentErased.name
	}) {
		return domain.ErrRevision
	}
	return nil
}
