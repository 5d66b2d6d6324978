package zendesk_test

import (
	"context"
	"encoding/base64"
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
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/httpapi/zendesk"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
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
	root      vault.RootKey
	store     *eventstore.Store
	directory *directory.Store
	keys      *auth.Store
	blobs     *blob.Dir
	files     *files.Store
	metrics   *metrics.Metrics
	client    *http.Client // validates every exchange with this API
}

func newStack(t testing.TB, options ...func(*httpapi.Config)) *stack {
	t.Helper()
	return newStackWith(t, zendesk.Config{}, options...)
}

func newStackWith(t testing.TB, zendeskConfig zendesk.Config, options ...func(*httpapi.Config)) *stack {
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
	s := &stack{t: t, pool: pool, vault: v, root: root, store: eventstore.New(pool, v, m, eventstore.Config{}), keys: auth.NewStore(pool), metrics: m}
	s.directory = directory.NewStore(pool, v, s.store.Numbers())
	ran := make(chan error, 1)
	go func() { ran <- s.store.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("store: %v", err)
		}
	})
	s.blobs = filestest.Dir(t)
	s.files = files.New(s.store, pool, v, s.blobs, files.Config{})
	reader, pages := threads.NewReader(pool, v, 0), threads.NewCache(pool, 0, 16<<20, m)
	config := httpapi.Config{Log: slog.New(slog.DiscardHandler)}
	config.Zendesk = zendesk.New(s.store, reader, pages, s.directory, s.keys, s.files, root, zendeskConfig)
	for _, option := range options {
		option(&config)
	}
	native := v1.New(s.store, reader, pages, s.directory, root, v1.Config{Files: s.files})
	server := httptest.NewServer(httpapi.New(native, s.keys, m, config))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.client = &http.Client{Transport: validating{t, server.Client().Transport}}
	return s
}

// account is a tenant with a key for each sort of principal. The address of each user is
// the name of the principal at the slug.
type account struct {
	*stack
	id      domain.AccountID
	slug    string
	keys    map[string]string
	users   map[string]domain.UserID
	numbers map[string]int64
}

var (
	usual = auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete, auth.CommentsRedact, auth.TicketsWrite)
	own   = auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite, auth.CommentsDelete)
)

// principals are who calls in the tests.
var principals = []struct {
	name   string
	kind   domain.ActorKind
	role   directory.Role
	scopes auth.Scopes
}{
	{"agent", domain.ActorAgent, directory.RoleAgent, usual},
	{"admin", domain.ActorAgent, directory.RoleAdmin, usual | auth.ScopesOf(auth.CommentsActAs, auth.AuditRead, auth.Admin)},
	{"customer", domain.ActorCustomer, directory.RoleCustomer, own},
	{"stranger", domain.ActorCustomer, directory.RoleCustomer, own},
	{"relay", domain.ActorIntegration, directory.RoleSystem, usual | auth.ScopesOf(auth.CommentsActAs)},
	{"reader", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsRead)},
	{"writer", domain.ActorAgent, directory.RoleAgent, auth.ScopesOf(auth.CommentsRead, auth.CommentsWrite)},
}

func (s *stack) account(slug string, settings directory.Settings) *account {
	s.t.Helper()
	made, err := s.directory.CreateAccount(s.t.Context(), slug, settings)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &account{
		stack: s, id: made.ID, slug: slug,
		keys: map[string]string{"nobody": ""}, users: map[string]domain.UserID{}, numbers: map[string]int64{},
	}
	for _, p := range principals {
		id := domain.UserID(uuid.New())
		u, _, err := s.directory.PutUser(s.t.Context(), a.id, id, directory.Profile{Role: p.role, Name: "The " + p.name, Email: a.email(p.name), Active: true})
		if err != nil {
			s.t.Fatal(err)
		}
		_, key, err := s.keys.Create(s.t.Context(), auth.NewKey{Account: a.id, UserID: id, Kind: p.kind, Scopes: p.scopes})
		if err != nil {
			s.t.Fatal(err)
		}
		a.users[p.name], a.numbers[p.name], a.keys[p.name] = id, u.Number, key
	}
	return a
}

func (a *account) email(name string) string { return name + "@" + a.slug + ".example" }

// response is an answer that has been read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (r response) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("body %s: %v", r.body, err)
	}
}

// header is one header of a request; an empty value leaves it out.
type header struct{ name, value string }

// do asks as the principal: a name of principals, or a key. Keys are presented as
// e-mail/token:KEY on this API, and as bearers on the other.
func (a *account) do(as, method, path, body string, headers ...header) response {
	a.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	url := path
	if strings.HasPrefix(path, "/") {
		url = a.url + path
	}
	r, err := http.NewRequest(method, url, reader)
	if err != nil {
		a.t.Fatal(err)
	}
	key, known := a.keys[as]
	switch {
	case !known:
		r.Header.Set("Authorization", "Bearer "+as)
	case key == "":
	case strings.HasPrefix(path, "/v1"):
		r.Header.Set("Authorization", "Bearer "+key)
	default:
		r.Header.Set("Authorization", basic(a.email(as)+"/token:"+key))
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		switch {
		case h.value == "":
			r.Header.Del(h.name)
		case h.name == "Host":
			r.Host = h.value
		default:
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

func basic(credentials string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
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

// thread is a ticket as both APIs know it.
type thread struct {
	number int64
	native string // "/v1/tickets/…"
	path   string // "/api/v2/tickets/…"
	public string // "/api/v2/requests/…"
}

// ticket introduces a ticket of the customer by the other API.
func (a *account) ticket() thread {
	a.t.Helper()
	native := "/v1/tickets/" + uuid.NewString()
	var made struct {
		Number int64 `json:"number"`
	}
	a.must(201, "agent", "PUT", native, fmt.Sprintf(`{"requester_id":%q,"subject":"A subject"}`, a.users["customer"])).decode(a.t, &made)
	return thread{made.Number, native, fmt.Sprint("/api/v2/tickets/", made.Number), fmt.Sprint("/api/v2/requests/", made.Number)}
}

// comment adds a comment by the other API, and returns its number and its path there.
func (a *account) comment(as string, t thread, content string, internal bool) (number int64, native string) {
	a.t.Helper()
	body, err := json.Marshal(map[string]any{"content": content, "is_internal": internal})
	if err != nil {
		a.t.Fatal(err)
	}
	native = a.must(201, as, "POST", t.native+"/comments", string(body)).header.Get("Location")
	for _, c := range a.comments("agent", t.path+"/comments?page[size]=1&sort=-created_at") {
		return c.ID, native
	}
	a.t.Fatal("the comment is not listed")
	return 0, ""
}

// said is a comment as a client of this API sees it, as far as most tests care.
type said struct {
	ID        int64          `json:"id"`
	Type      string         `json:"type"`
	AuthorID  int64          `json:"author_id"`
	Body      string         `json:"body"`
	HTMLBody  string         `json:"html_body"`
	PlainBody string         `json:"plain_body"`
	Public    bool           `json:"public"`
	AuditID   int64          `json:"audit_id"`
	CreatedAt string         `json:"created_at"`
	Via       map[string]any `json:"via"`
	Metadata  map[string]any `json:"metadata"`
}

// comments returns what a list shows.
func (a *account) comments(as, path string) []said {
	a.t.Helper()
	var list struct {
		Comments []said `json:"comments"`
	}
	a.must(200, as, "GET", path, "").decode(a.t, &list)
	return list.Comments
}
