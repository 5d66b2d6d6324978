package eventstore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

//go:embed sql/receipt.sql
var receiptSQL string

//go:embed sql/expire_receipts.sql
var expireReceiptsSQL string

// Receipt makes a command safe to repeat: of all commands that bear the same ID
// within two hours one takes effect, and the others are told its result.
type Receipt struct {
	ID          uuid.UUID // vault.ReceiptID
	Fingerprint []byte    // vault.Fingerprint of Request
	Request     []byte    // what was asked, in a form in which equal requests are equal bytes
}

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
// comment.
func (s *Store) Execute(ctx context.Context, cmd domain.Command, receipt *Receipt) (Result, error) {
	account, ticket, comment := cmd.About()
	texts, err := s.sealTexts(ctx, cmd)
	if err != nil {
		return Result{}, err
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
		decided, err := s.decide(ctx, cmd, st)
		events, contents := decided.events, decided.contents
		if err != nil && st.cached {
			s.heads.drop(account, ticket)
			continue
		}
		if err != nil || len(events) == 0 {
			// Whether the command was obeyed before outweighs what is true now.
			if r, found, lookupErr := s.replay(ctx, account, receipt); found || lookupErr != nil {
				return r, lookupErr
			}
			return Result{Comment: comment, Ticket: ticket}, err
		}
		for _, text := range texts {
			if bring(events, text.id) {
				contents = append(contents, text)
			}
		}
		p, err := prepare(cmd, st, events, contents, receipt)
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
		case outcomeReplayed:
			if _, creates := cmd.(domain.CreateComment); creates { // the request names the ticket
				return Result{Replayed: true, Comment: v.comment, Ticket: ticket}, nil
			}
			if r, found, err := s.replay(ctx, account, receipt); found || err != nil {
				return r, err
			}
		case outcomeOtherRequest:
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
			for _, c := range contents {
				s.vault.Forget(c.sealed.BucketID)
			}
			if texts, err = s.sealTexts(ctx, cmd); err != nil {
				return Result{}, err
			}
		}
	}
	return Result{}, fmt.Errorf("execute %T: %w", cmd, ErrBusy)
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
	update, ok := cmd.(domain.UpdateComment)
	edits := ok && update.Text != nil
	if edits {
		update.Text = nil // it is not compared yet, so none has to be opened
		if arrived, err = s.load(ctx, update); err != nil {
			return nil, err
		}
	}
	if unlock, err = s.stripes.lock(ctx, ticket, comment); err != nil {
		return nil, fmt.Errorf("execute %T: %w: %w", cmd, ErrBusy, err)
	}
	if edits {
		if err := s.overtaken(ctx, cmd, arrived); err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}

// Refusal returns the error by which package domain would refuse cmd at present, nil
// if it would not. Nothing is sealed or written. The other error is ErrUnavailable.
func (s *Store) Refusal(ctx context.Context, cmd domain.Command) error {
	st, err := s.load(ctx, cmd)
	if err != nil {
		return err
	}
	_, err = domain.Decide(st.ticket, st.comment, cmd)
	return err
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

// replay answers from the receipt of an earlier command, if there is one. It
// returns ErrReceiptReused if that command was another one.
func (s *Store) replay(ctx context.Context, account domain.AccountID, receipt *Receipt) (Result, bool, error) {
	if receipt == nil {
		return Result{}, false, nil
	}
	var comment uuid.UUID
	var ticket *uuid.UUID
	var fingerprint []byte
	err := s.pool.QueryRow(ctx, receiptSQL, s.config.Shard, receipt.ID, account).Scan(&comment, &ticket, &fingerprint)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Result{}, false, nil
	case err != nil:
		return Result{}, false, fmt.Errorf("%w: read receipt: %s", ErrUnavailable, sqlState(err))
	}
	same, err := s.vault.SameRequest(ctx, receipt.ID, fingerprint, receipt.Request)
	switch {
	case err != nil:
		return Result{}, false, fmt.Errorf("compare requests: %w", err)
	case !same:
		return Result{}, true, ErrReceiptReused
	}
	r := Result{Replayed: true, Comment: domain.CommentID(comment)}
	if ticket != nil {
		r.Ticket = domain.TicketID(*ticket)
	}
	return r, true, nil
}

// decide decides cmd, and completes it first if it removes contents and is not refused
// as it is.
func (s *Store) decide(ctx context.Context, cmd domain.Command, st state) (d decision, err error) {
	switch about := cmd.(type) {
	case domain.RedactComment, domain.EraseComment, domain.EraseSubject:
		if _, err := domain.Decide(st.ticket, st.comment, cmd); err != nil {
			return d, err
		}
		if cmd, d, err = s.complete(ctx, about, st); err != nil {
			return d, err
		}
	case domain.CompleteObligation:
		if owed, err := s.owed(ctx, about.Obligation); err != nil || !owed {
			return d, err
		}
	}
	d.events, err = domain.Decide(st.ticket, st.comment, cmd)
	return d, err
}

// decision is what has been decided on a command.
type decision struct {
	events   []domain.Event
	contents []content // that it brings, but for the texts of the command
	nearHits []string  // as in Result
}

// overtaken returns domain.ErrRevision if cmd would bring a text into a comment that
// was redacted or erased after the state was loaded: the text may be the one that was
// to go.
func (s *Store) overtaken(ctx context.Context, cmd domain.Command, st state) error {
	update, ok := cmd.(domain.UpdateComment)
	if !ok || update.Text == nil {
		return nil
	}
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

// prepare spells out the rows that log.append is to write for a decided command.
func prepare(cmd domain.Command, st state, events []domain.Event, contents []content, receipt *Receipt) (*pending, error) {
	account, ticket, comment := cmd.About()
	p := &pending{
		account: account, ticket: ticket, ticketRevision: st.ticketRevision,
		comment: comment, revision: int32(st.comment.Revision), receipt: receipt,
		events: make([]encodedEvent, 0, len(events)), contents: contents,
	}
	switch cmd := cmd.(type) {
	case domain.CompleteObligation:
		p.completes, p.destroyedAt = cmd.Obligation, cmd.DestroyedAt
	case domain.WriteTicket:
		if p.expected = int32(cmd.Expected); cmd.Say != nil {
			p.most = domain.MaxComments
		}
	}
	ticketAfter, commentAfter := st.ticket, st.comment
	for _, e := range events {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("draw event id: %w", err)
		}
		encoded := encodedEvent{id: domain.EventID(id)}
		if encoded.name, encoded.schema, encoded.data, err = Encode(e); err != nil {
			return nil, err
		}
		p.removes = append(p.removes, removed(e)...)
		switch {
		case aboutTicket(e):
			encoded.internal = ticketAfter.Hides(e)
			ticketAfter = ticketAfter.Evolve(e)
			p.ticketAfter = &ticketAfter
		case encoded.name == kindObligationCompleted.name:
			encoded.internal = ticketAfter.Hides(e)
		default:
			before := commentAfter
			commentAfter = commentAfter.Evolve(e)
			p.commentAfter = &commentAfter
			encoded.comment = comment
			encoded.internal = !before.Public && !commentAfter.Public
		}
		p.events = append(p.events, encoded)
	}
	return p, nil
}

// aboutTicket reports whether the event changes what the ticket itself is.
func aboutTicket(e domain.Event) bool {
	switch e := e.(type) {
	case domain.TicketOpened, domain.TicketChanged:
		return true
	case domain.ContentErased:
		return e.Subject
	}
	return false
}

// sealTexts seals the texts that cmd brings, and notes their digests in cmd.
func (s *Store) sealTexts(ctx context.Context, cmd domain.Command) ([]content, error) {
	said, subject := textsOf(cmd)
	account, ticket, comment := cmd.About()
	var contents []content
	seal := func(text *domain.Text, place vault.Place) error {
		document := vault.DocumentOf(domain.Body{Text: text.Body, HTML: text.HTML, Custom: text.Custom}, text.Client)
		sealed, err := s.vault.Seal(ctx, place, vault.EncodeDocument(document))
		if err != nil {
			return fmt.Errorf("seal text: %w", err)
		}
		text.Content.Digest = sealed.Digest
		contents = append(contents, content{id: text.Content.ID, sealed: sealed})
		return nil
	}
	if said != nil {
		if err := seal(said, vault.OfComment(account, ticket, comment, said.Content.ID)); err != nil {
			return nil, err
		}
	}
	if subject != nil {
		if err := seal(subject, vault.OfSubject(account, ticket, subject.Content.ID)); err != nil {
			return nil, err
		}
	}
	return contents, nil
}

// bring reports whether the events bring the content into the log: an edit to what
// the comment says already, and a subject that stays, bring none.
func bring(events []domain.Event, id domain.ContentID) bool {
	return slices.ContainsFunc(events, func(e domain.Event) bool {
		var brought *domain.ContentRef
		switch e := e.(type) {
		case domain.CommentCreated:
			brought = &e.Content
		case domain.CommentEdited:
			brought = &e.Content
		case domain.TicketOpened:
			brought = e.Subject
		case domain.TicketChanged:
			brought = e.Subject
		}
		return brought != nil && brought.ID == id
	})
}

// textsOf returns the text of a comment and the subject that cmd gives, or nil.
func textsOf(cmd domain.Command) (said, subject *domain.Text) {
	var given **domain.Text
	switch cmd := cmd.(type) {
	case domain.CreateComment:
		said = cmd.Text
	case domain.UpdateComment:
		said = cmd.Text
	case domain.PutTicket:
		given = cmd.Subject
	case domain.WriteTicket:
		given = cmd.Subject
		if cmd.Say != nil {
			said = cmd.Say.Text
		}
	}
	if given != nil {
		subject = *given
	}
	return said, subject
}

// ExpireReceipts forgets the receipts that no longer count and returns how many
// there were.
func (s *Store) ExpireReceipts(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, expireReceiptsSQL, s.config.Shard)
	if err != nil {
		return 0, fmt.Errorf("%w: expire receipts: %s", ErrUnavailable, sqlState(err))
	}
	return tag.RowsAffected(), nil
}
