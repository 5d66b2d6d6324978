package zendesk_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/zendesk"
)

var told = regexp.MustCompile(`^total=(\d+); remaining=(\d+); resets=(\d+)$`)

// spends makes a request and checks what it is told of a quota.
func (a *account) spends(status int, as, method, path, body, header string, remaining int) {
	a.t.Helper()
	r := a.must(status, as, method, path, body)
	m := told.FindStringSubmatch(r.header.Get(header))
	if m == nil || m[2] != strconv.Itoa(remaining) || m[3] == "0" {
		a.t.Errorf("%s %s: %s: %s; want %d left", method, path, header, r.header.Get(header), remaining)
	}
	wait, err := strconv.Atoi(r.header.Get("Retry-After"))
	if refused := status == 429; refused != (err == nil && wait > 0 && wait <= 600) || refused != (r.header.Get("X-Rate-Limit-Remaining") == "0") {
		a.t.Errorf("%s %s = %d, headers %v", method, path, status, r.header)
	}
}

// TestQuotas: each limit of Zendesk counts by itself, by whom it is for, and what is refused
// is not done.
func TestQuotas(t *testing.T) {
	const perTicket, creations, exports = "zendesk-ratelimit-per-ticket-updates", "zendesk-ratelimit-ticket-request-create-by-user-and-ip", "zendesk-ratelimit-incremental-exports"
	s := newStackWith(t, zendesk.Config{Quotas: zendesk.Quotas{
		TicketUpdates: zendesk.Quota{Most: 3, Per: 10 * time.Minute}, AccountUpdates: zendesk.Quota{Most: 8, Per: time.Minute},
		Creations: zendesk.Quota{Most: 1, Per: time.Minute}, Exports: zendesk.Quota{Most: 1, Per: time.Minute},
	}})
	a, other := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	ticket, second := a.ticket(), a.ticket()
	number, _ := a.comment("agent", ticket, "a 4711 b 4712", false)
	say := `{"ticket":{"comment":"text"}}`
	a.spends(200, "agent", "PUT", ticket.path, say, perTicket, 2)
	// Redactions are updates, and so are requests that lead to nothing.
	a.spends(200, "agent", "PUT", fmt.Sprintf("%s/comments/%d/redact", ticket.path, number), `{"text":"4711"}`, perTicket, 1)
	a.spends(422, "agent", "PUT", fmt.Sprint("/api/v2/comment_redactions/", number), fmt.Sprintf(`{"ticket_id":%d,"html_body":"x"}`, ticket.number), perTicket, 0)
	a.spends(429, "agent", "PUT", ticket.path, say, perTicket, 0)
	a.spends(429, "agent", "PUT", fmt.Sprint(ticket.path, "/comments/", number, "/make_private"), "", perTicket, 0)
	if got := a.comments("agent", ticket.path+"/comments"); len(got) != 2 || !got[0].Public {
		t.Errorf("what was refused is done: %+v", got)
	}
	// Another user, another ticket, and reading.
	a.spends(200, "writer", "PUT", ticket.path, say, perTicket, 2)
	a.spends(200, "agent", "PUT", second.path, say, perTicket, 2)
	a.spends(200, "customer", "PUT", ticket.public, `{"request":{"comment":"text"}}`, perTicket, 2)
	a.must(200, "agent", "GET", ticket.path, "")
	a.must(403, "reader", "PUT", ticket.path, say) // which costs nothing
	// The account has had six.
	a.spends(200, "admin", "PUT", ticket.path, say, perTicket, 2)
	a.spends(200, "admin", "PUT", ticket.path, say, perTicket, 1)
	a.spends(429, "admin", "PUT", second.path, say, "zendesk-ratelimit-ticket-updates", 0)
	other.spends(200, "agent", "PUT", other.ticket().path, say, perTicket, 2)

	create := `{"ticket":{"comment":"text"}}`
	a.spends(201, "agent", "POST", "/api/v2/tickets", create, creations, 0)
	a.spends(429, "agent", "POST", "/api/v2/tickets", create, creations, 0)
	a.spends(201, "admin", "POST", "/api/v2/tickets", create, creations, 0)
	a.spends(201, "customer", "POST", "/api/v2/requests", `{"request":{"comment":"text"}}`, creations, 0)
	a.spends(200, "admin", "GET", export+"0", "", exports, 0)
	a.spends(429, "admin", "GET", export+"0", "", exports, 0)
	other.spends(200, "admin", "GET", export+"0", "", exports, 0)
}

// TestQuotasTakeBoundedMemory: however many use one.
func TestQuotasTakeBoundedMemory(t *testing.T) {
	for _, n := range []int{10, 5000, 200_000} {
		known, allowed := zendesk.Crowd(n)
		if known > min(n+1, 1<<16) || allowed != [3]bool{true, false, true} {
			t.Errorf("%d users: %d are known, %v", n, known, allowed)
		}
	}
}

func TestQuotaText(t *testing.T) {
	for text, want := range map[string]zendesk.Quota{
		"30/10m": {Most: 30, Per: 10 * time.Minute}, "1/1s": {Most: 1, Per: time.Second},
		"": {}, "30": {}, "0/1m": {}, "-1/1m": {}, "30/1ms": {}, "x/1m": {}, "30/x": {}, "30/-1m": {}, "30/1m/2": {},
	} {
		var got zendesk.Quota
		if err := got.UnmarshalText([]byte(text)); got != want || (err != nil) != (want == zendesk.Quota{}) {
			t.Errorf("%q = %+v, %v; want %+v", text, got, err, want)
		}
	}
}
