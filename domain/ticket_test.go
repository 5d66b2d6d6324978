package domain

import "testing"

// TestHides: a hold that comes or goes with anything else is seen with it.
func TestHides(t *testing.T) {
	cleo := UserID{1}
	other := UserID{2}
	one, two := &ContentRef{ID: ContentID{1}, Digest: Digest{1}}, &ContentRef{ID: ContentID{2}}
	ticket := Ticket{Exists: true, Status: StatusOpen, Requester: &cleo, Subject: one, DefaultPublic: true}
	hold := TicketChanged{Status: StatusOpen, Requester: &cleo, Subject: &ContentRef{ID: one.ID}, DefaultPublic: true, LegalHold: true}
	for name, tt := range map[string]struct {
		change func(*TicketChanged)
		want   bool
	}{
		"a hold":           {func(*TicketChanged) {}, true},
		"nothing":          {func(e *TicketChanged) { e.LegalHold = false }, false},
		"and a status":     {func(e *TicketChanged) { e.Status = StatusHold }, false},
		"and a requester":  {func(e *TicketChanged) { e.Requester = &other }, false},
		"and no requester": {func(e *TicketChanged) { e.Requester = nil }, false},
		"and a subject":    {func(e *TicketChanged) { e.Subject = two }, false},
		"and no subject":   {func(e *TicketChanged) { e.Subject = nil }, false},
		"and a default":    {func(e *TicketChanged) { e.DefaultPublic = false }, false},
	} {
		e := hold
		tt.change(&e)
		if got := ticket.Hides(e); got != tt.want {
			t.Errorf("%s: Hides = %t; want %t", name, got, tt.want)
		}
	}
	for _, e := range []Event{TicketOpened{LegalHold: true}, ContentErased{Subject: true}} {
		if ticket.Hides(e) {
			t.Errorf("%T is hidden", e)
		}
	}
	if !ticket.Hides(ObligationCompleted{}) {
		t.Error("ObligationCompleted is not hidden")
	}
}
