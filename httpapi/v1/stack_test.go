package v1_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/projections/feed"
	"github.com/commentd/commentd/projections/threads"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// stack is the whole service but for its background roles, on a database of its
// own. There is no projector: answers are current without one.
type stack struct {
	t         testing.TB
	url       string // of the server
	pool      *pgxpool.Pool
	vault     *vault.Vault
	store     *eventstore.Store
	files     *files.Store
	treeKey   *audit.Key
	directory *directory.Store
	keys      *auth.Store
	hub       *feed.Hub
	root      vault.RootKey
	metrics   *metrics.Metrics
	api       *v1.API
	handler   http.Handler
	client    *http.Client // validates every exchange
}

func newStack(t testing.TB, options ...func(*httpapi.Config)) *stack {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	pool, err := eventstore.Connect(ctx, devstacktest.Postgres(t), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	root, err := vault.ParseRootKey(strings.Repeat("42", 32))
	if err != nil {
		t.Fatal(err)
	}
	v := vault.New(vault.NewKeyring(pool, root))
	m := metrics.New(prometheus.NewRegistry())
	s := &stack{t: t, pool: pool, vault: v, store: eventstore.New(pool, v, m, eventstore.Config{}), keys: auth.NewStore(pool), treeKey: audit.NewKey(root, 0), root: root, metrics: m}
	s.directory = directory.NewStore(pool, v, s.store.Numbers())

	ran := make(chan error, 1)
	go func() { ran <- s.store.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("store: %v", err)
		}
	})
	s.hub = s.feed(ctx)
	s.files = filestest.New(t, s.store, pool, v)
	config := httpapi.Config{Log: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(&config)
	}
	s.api = v1.New(s.store, threads.NewReader(pool, v, 0), threads.NewCache(pool, 0, 16<<20, m), s.directory, root, v1.Config{
		Log:      audit.NewReader(pool, s.treeKey, 0),
		Live:     &v1.Live{Hub: s.hub, Recheck: s.keys.Recheck},
		Webhooks: &v1.Webhooks{Store: webhook.NewStore(pool, root, 0), Guard: loopback},
		Files:    s.files,
	})
	s.handler = httpapi.New(s.api, s.keys, m, config)
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.client = &http.Client{Transport: validating{t, server.Client().Transport}}
	return s
}

// feed follows the log for as long as ctx lasts.
func (s *stack) feed(ctx context.Context) *feed.Hub {
	ctx, stop := context.WithCancel(ctx)
	hub := feed.New(s.store, feed.Polling{Log: s.store})
	ran := make(chan error, 1)
	go func() { ran <- hub.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			s.t.Errorf("feed: %v", err)
		}
	})
	return hub
}

// account is a tenant with a key for each sort of principal.
type account struct {
	*stack
	id    domain.AccountID
	other domain.AccountID         // somebody else's; zero: nobody's
	keys  map[string]string        // by the names of principals
	users map[string]domain.UserID // likewise
}

// principals are who calls in the tests. Names beginning with "no" are nobody.
var principals = []struct {
	name   string
	kind   domain.ActorKind
	role   directory.Role
	scopes auth.Scopes
}{
	{"agent", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.TicketsWrite)},
	{"colleague", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete)},
	{"admin", domain.ActorAgent, directory.RoleAdmin, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.TicketsWrite, auth.Admin)},
	{"customer", domain.ActorCustomer, directory.RoleCustomer, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete)},
	{"stranger", domain.ActorCustomer, directory.RoleCustomer, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete)},
	{"system", domain.ActorSystem, directory.RoleSystem, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete)},
	{"relay", domain.ActorIntegration, directory.RoleSystem, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.TicketsWrite, auth.CommentsActAs)},
	{"program", domain.ActorIntegration, directory.RoleSystem, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete)},
	{"reader", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsRead)},
	{"writer", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsWrite)},
	{"deleter", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsDelete)},
	{"redactor", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsRead, auth.CommentsRedact)},
	{"auditor", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.AuditRead)},
}

func (s *stack) account(slug string, settings directory.Settings) *account {
	s.t.Helper()
	made, err := s.directory.CreateAccount(s.t.Context(), slug, settings)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &account{stack: s, id: made.ID, keys: map[string]string{"nobody": ""}, users: map[string]domain.UserID{}}
	for _, p := range principals {
		a.users[p.name] = a.user(p.role)
		a.keys[p.name] = a.key(a.users[p.name], p.kind, p.scopes)
	}
	return a
}

func (a *account) user(role directory.Role) domain.UserID {
	a.t.Helper()
	id := domain.UserID(uuid.New())
	if _, _, err := a.directory.PutUser(a.t.Context(), a.id, id, directory.Profile{Role: role, Active: true}); err != nil {
		a.t.Fatal(err)
	}
	return id
}

func (a *account) key(user domain.UserID, kind domain.ActorKind, scopes auth.Scopes) string {
	a.t.Helper()
	_, text, err := a.stack.keys.Create(a.t.Context(), auth.NewKey{Account: a.id, UserID: user, Kind: kind, Scopes: scopes})
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

// response is an answer that has been read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (r response) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(r.body, &p)
	return p.Code
}

func (r response) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("body %s: %v", r.body, err)
	}
}

// header is one header of a request.
type header struct{ name, value string }

// do asks as the principal: a name of principals, or a key.
func (a *account) do(as, method, path, body string, headers ...header) response {
	a.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, a.url+path, reader)
	if err != nil {
		a.t.Fatal(err)
	}
	key, ok := a.keys[as]
	if !ok {
		key = as
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		if h.value == "" {
			r.Header.Del(h.name)
		} else {
			r.Header.Set(h.name, h.value)
		}
	}
	resp, err := a.client.Do(r)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response{resp.StatusCode, resp.Header, content}
}

// must is do that fails the test on any other status.
func (a *account) must(status int, as, method, path, body string, headers ...header) response {
	a.t.Helper()
	r := a.do(as, method, path, body, headers...)
	if r.status != status {
		a.t.Fatalf("%s %s %s as %s = %d %s; want %d", method, path, body, as, r.status, r.body, status)
	}
	return r
}

// ticket introduces a ticket of the customer and returns its path.
func (a *account) ticket() string {
	a.t.Helper()
	path := "/v1/tickets/" + uuid.NewString()
	a.must(201, "agent", "PUT", path, fmt.Sprintf(`{"requester_id":%q}`, a.users["customer"]))
	return path
}

func (a *account) closeTicket(path string) {
	a.t.Helper()
	a.must(200, "agent", "PUT", path, `{"status":"closed"}`)
}

// comment adds a comment to the ticket at path and returns its path.
func (a *account) comment(as, path, content string, internal bool) string {
	a.t.Helper()
	return a.must(201, as, "POST", path+"/comments", newComment(content, internal)).header.Get("Location")
}

func newComment(content string, internal bool) string {
	body, err := json.Marshal(map[string]any{"content": content, "is_internal": internal})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// comment is a comment as a client sees it.
type comment struct {
	ID               string  `json:"id"`
	TicketID         string  `json:"ticket_id"`
	AuthorType       string  `json:"author_type"`
	AuthorUserID     *string `json:"author_user_id"`
	AuthorCustomerID *string `json:"author_customer_id"`
	Content          string  `json:"content"`
	IsInternal       bool    `json:"is_internal"`
	CreatedAt        string  `json:"created_at"`
	UpdatedAt        string  `json:"updated_at"`
}

// list returns what the principal sees on the ticket at path.
func (a *account) list(as, path string) (comments []comment) {
	a.t.Helper()
	a.must(200, as, "GET", path+"/comments", "").decode(a.t, &comments)
	return comments
}

// decodeAnyCase is for structs without tags.
func decodeAnyCase(body []byte, v any) error {
	return json.Unmarshal(body, v, json.MatchCaseInsensitiveNames(true))
}
