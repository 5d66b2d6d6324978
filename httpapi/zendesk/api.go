package zendesk

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/intake"
	"github.com/commentd/commentd/projections/threads"
)

// executor is all this API asks of the write side.
type executor interface {
	Execute(ctx context.Context, cmd domain.Command, receipt *eventstore.Receipt) (eventstore.Result, error)
	Refusal(ctx context.Context, cmd domain.Command, receipt *eventstore.Receipt) error
	Receipt(ctx context.Context, account domain.AccountID, principal domain.UserID, operation, key string, request []byte) (*eventstore.Receipt, error)
}

// numbers is where the permanent integers come from: eventstore.Numbers.
type numbers interface {
	Draw(ctx context.Context, account domain.AccountID, n int) (first int64, err error)
}

// people is what this API asks of the directory.
type people interface {
	Settings(ctx context.Context, account domain.AccountID) (directory.Settings, error)
	Identity(ctx context.Context, account domain.AccountID, email string) (directory.Identity, error)
	PutUser(ctx context.Context, account domain.AccountID, id domain.UserID, p directory.Profile) (u directory.User, created bool, err error)
	User(ctx context.Context, account domain.AccountID, id domain.UserID) (directory.User, error)
	UserByEmail(ctx context.Context, account domain.AccountID, email string) (directory.User, error)
	ChangeUser(ctx context.Context, account domain.AccountID, id domain.UserID, change func(old directory.User, known bool) (directory.Profile, error)) (u directory.User, created bool, err error)
	Users(ctx context.Context, q directory.UserQuery) (directory.UserPage, error)
	UserByNumber(ctx context.Context, account domain.AccountID, number int64) (directory.User, error)
	UsersByEmail(ctx context.Context, account domain.AccountID, emails ...string) ([]directory.User, error)
	UsersByNumber(ctx context.Context, account domain.AccountID, numbers ...int64) ([]directory.User, error)
	UsersByID(ctx context.Context, account domain.AccountID, ids ...domain.UserID) ([]directory.User, error)
}

// reader is what this API asks of the read side: threads.Reader.
type reader interface {
	List(ctx context.Context, q threads.ListQuery) (threads.Page, error)
	GetWhole(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, viewer domain.Actor) (threads.Comment, error)
	Ticket(ctx context.Context, account domain.AccountID, id domain.TicketID, viewer domain.Actor) (threads.Ticket, error)
	Briefs(ctx context.Context, account domain.AccountID, viewer domain.Actor, public bool, ids ...domain.TicketID) ([]threads.Brief, error)
	Tickets(ctx context.Context, q threads.TicketQuery) (threads.TicketPage, error)
	TicketsByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, numbers ...int64) (map[int64]domain.TicketID, error)
	TicketByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, number int64) (domain.TicketID, error)
	CommentByNumber(ctx context.Context, account domain.AccountID, viewer domain.Actor, ticket domain.TicketID, number int64) (domain.CommentID, error)
	Chat(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.ChatID, viewer domain.Actor) (threads.Chat, error)
	Audits(ctx context.Context, q threads.AuditQuery) (threads.AuditPage, error)
	AuditByNumber(ctx context.Context, account domain.AccountID, ticket domain.TicketID, viewer domain.Actor, number int64) (threads.Audit, error)
	AuditCount(ctx context.Context, account domain.AccountID, ticket domain.TicketID, viewer domain.Actor) (int, error)
	AccountAudits(ctx context.Context, q threads.AccountAuditQuery) (threads.AccountAuditPage, error)
	PositionBefore(ctx context.Context, moment time.Time) (eventstore.Position, error)
	PositionAgo(ctx context.Context, age time.Duration) (eventstore.Position, time.Time, error)
}

// API serves /api/v2.
type API struct {
	store      executor
	numbers    numbers
	people     people
	threads    reader
	pages      *threads.Cache // of *keptPage
	keys       *auth.Store
	files      *files.Store
	intake     *intake.Intake
	cursors    *vault.CursorCipher
	tags       *vault.Tagger
	fileTokens *vault.FileTokens
	base       string
	routes     *chi.Mux // finds operations, and serves nothing
	found      map[string]*operation
	admitted   http.Handler
	exports    exportLimits
	quotas     quotas
}

// Config is what New may be told beyond what it needs.
type Config struct {
	// BaseURL is put before the paths in links, for instance
	// "https://comments.example.com"; empty: they lead to where the request came.
	BaseURL string
	Quotas  Quotas
}

// New returns an API on the parts given. Cursors are made under a key derived from root,
// so that all instances understand each other's.
func New(store *eventstore.Store, readModel *threads.Reader, pages *threads.Cache, people *directory.Store, keys *auth.Store, kept *files.Store, root vault.RootKey, config Config) *API {
	a := &API{
		store: store, numbers: store.Numbers(), people: people, threads: readModel, pages: pages, keys: keys,
		files: kept, intake: intake.New(kept),
		cursors: vault.NewCursorCipher(root), tags: vault.NewTagger(root), fileTokens: vault.NewFileTokens(root), base: config.BaseURL,
		routes: chi.NewMux(), found: make(map[string]*operation, len(operations)),
		quotas:  newQuotas(config.Quotas),
		exports: exportLimits{second: 4000, bytes: 8 << 20},
	}
	for i := range operations {
		op := &operations[i]
		a.routes.Method(op.method, op.path, http.NotFoundHandler())
		a.found[op.method+op.path] = op
	}
	return a
}

// answerTimeout bounds what is done for one request.
const answerTimeout = 20 * time.Second

// timeout bounds what is done for a request for the operation. A file takes as long as
// the caller takes to send it.
func (op *operation) timeout() time.Duration {
	if op.action == "uploads/create" {
		return uploading + answerTimeout
	}
	return answerTimeout
}

func (a *API) run(c *call) {
	ctx, cancel := context.WithTimeout(c.Context(), c.op.timeout())
	defer cancel()
	whole := c.Request
	c.Request = whole.WithContext(ctx)
	err := c.allowed()
	if err == nil {
		err = a.spend(c)
	}
	if err == nil {
		err = c.op.serve(a, c)
	}
	if err != nil {
		fail(c.w, whole, err)
	}
}

// mediaType is on every answer with a body: two clients read no other.
const mediaType = "application/json; charset=utf-8"

// cacheNever: nobody but the caller is to keep an answer, and nobody at all on a disk.
const cacheNever = "private, no-store"

// reply answers with v as JSON.
func (c *call) reply(status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	send(c.w, status, body)
	return nil
}

// encode returns v as JSON.
func encode(v any) ([]byte, error) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, errors.New("an answer does not encode") // the error may quote it
	}
	return body, nil
}

// send answers with a body that is JSON already.
func send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", cacheNever)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who has gone does not mind
}

// TooMany answers a caller who asks too often.
func TooMany(w http.ResponseWriter, _ *http.Request, wait time.Duration) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	h.Set("Cache-Control", cacheNever)
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte("Number of allowed API requests per minute exceeded")) // a caller who has gone does not mind
}
