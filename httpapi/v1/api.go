// Package v1 is the native REST API of comments, tickets and users.
//
// A handler parses, calls and replies, and returns its error; problem.Write answers
// with it. Which operations there are, operations.go says in one table, from which
// both the routes and the OpenAPI document are made.
package v1

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/intake"
	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/projections/threads"
)

// executor is all this API asks of the write side.
type executor interface {
	Execute(ctx context.Context, cmd domain.Command, receipt *eventstore.Receipt) (eventstore.Result, error)
	Receipt(ctx context.Context, account domain.AccountID, principal domain.UserID, operation, key string, request []byte) (*eventstore.Receipt, error)
	Refusal(ctx context.Context, cmd domain.Command, receipt *eventstore.Receipt) error
	Chat(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.ChatID) (domain.Chat, error)
	Obligation(ctx context.Context, account domain.AccountID, ticket domain.TicketID, comment domain.CommentID, event domain.EventID) (eventstore.Obligation, error)
}

// numbers is where the permanent integers come from: eventstore.Numbers.
type numbers interface {
	Draw(ctx context.Context, account domain.AccountID, n int) (first int64, err error)
}

// people is what this API asks of the directory.
type people interface {
	Settings(ctx context.Context, account domain.AccountID) (directory.Settings, error)
	Role(ctx context.Context, account domain.AccountID, id domain.UserID) (directory.Role, error)
	EnsureUser(ctx context.Context, account domain.AccountID, id domain.UserID, role directory.Role) (directory.Role, error)
	User(ctx context.Context, account domain.AccountID, id domain.UserID) (directory.User, error)
	UserByNumber(ctx context.Context, account domain.AccountID, number int64) (directory.User, error)
	UserByEmail(ctx context.Context, account domain.AccountID, email string) (directory.User, error)
	ChangeUser(ctx context.Context, account domain.AccountID, id domain.UserID, change func(old directory.User, known bool) (directory.Profile, error)) (u directory.User, created bool, err error)
}

// API serves /v1.
type API struct {
	store   executor
	numbers numbers
	people  people
	threads reader
	pages   *threads.Cache // of *page
	tags    *vault.Tagger
	cursors *vault.CursorCipher
	log     prover    // nil: nothing is sealed
	live    *Live     // nil: nobody can follow events
	hooks   *Webhooks // nil: there are none
	files   fileStore // nil: there are none
	base    string

	intake     *intake.Intake // of files
	fileTokens *vault.FileTokens
	emails     chan struct{} // holds one for each e-mail in memory

	pieceTimeout   time.Duration
	erasureHorizon time.Duration

	document func() (openAPI []byte, etag string) // made when first asked for
}

// Config is what New may be told beyond what it needs.
type Config struct {
	// BaseURL is put before the paths in Location and Link, for instance
	// "https://comments.example.com"; empty: they are relative references.
	BaseURL string
	// ErasureHorizon is for how long the WAL and the backups of the keyring are kept, as
	// receipts of redactions tell.
	ErasureHorizon time.Duration
	// Log proves what is in the log. Without it nothing is sealed.
	Log *audit.Reader
	// Files are those that go with comments. Without them no e-mail is taken.
	Files *files.Store
	// Live lets callers follow events. Without it they cannot.
	Live *Live
	// Webhooks lets callers say where events are to be sent. Without it they cannot.
	Webhooks *Webhooks
}

// New returns an API on the parts given. Entity tags and cursors are made under
// keys derived from root, so that all instances understand each other's.
func New(store *eventstore.Store, readModel *threads.Reader, pages *threads.Cache, people *directory.Store, root vault.RootKey, config Config) *API {
	a := &API{
		store: store, numbers: store.Numbers(), people: people, threads: readModel, pages: pages,
		tags: vault.NewTagger(root), cursors: vault.NewCursorCipher(root), base: config.BaseURL,
		pieceTimeout: pieceTimeout, erasureHorizon: config.ErasureHorizon, document: sync.OnceValues(openAPI), live: config.Live, hooks: config.Webhooks,
	}
	a.fileTokens, a.emails = vault.NewFileTokens(root), make(chan struct{}, emailsAtOnce)
	if config.Files != nil {
		a.files, a.intake = config.Files, intake.New(config.Files)
	}
	if config.Log != nil {
		a.log = config.Log
	}
	return a
}

// Mount adds the routes to mux. authenticate is put before those that ask for a
// key; it lets pass only requests whose context holds a principal.
func (a *API) Mount(mux *chi.Mux, authenticate func(http.Handler) http.Handler) {
	for i := range operations {
		op := &operations[i]
		h := a.handler(op)
		if op.scope != 0 {
			h = authenticate(h)
		}
		mux.Method(op.method, op.path, h)
		if op.method == http.MethodGet {
			mux.Method(http.MethodHead, op.path, h)
		}
	}
}

// answerTimeout bounds what is done for one request that is not streamed.
const answerTimeout = 20 * time.Second

// handler checks the scope and renders the error of the operation.
func (a *API) handler(op *operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if op.scope != 0 {
			if err := auth.From(r.Context()).Require(op.scope); err != nil {
				problem.Write(w, r, err)
				return
			}
		}
		if err := op.serve(a, w, r); err != nil {
			problem.Write(w, r, err)
		}
	})
}

// within is an operation whose work is given up after answerTimeout.
func within(serve func(*API, http.ResponseWriter, *http.Request) error) func(*API, http.ResponseWriter, *http.Request) error {
	return func(a *API, w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
		defer cancel()
		return serve(a, w, r.WithContext(ctx))
	}
}

// Values of Cache-Control.
const (
	cachePrivate = "private, no-cache"
	cacheNever   = "private, no-store" // what is internal
	cachePublic  = "no-cache"
)

// reply answers with v as JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", cachePrivate)
	send(w, status, body)
	return nil
}

// send answers with a body that is JSON already.
func send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who has gone does not mind
}

// contentTag is the entity tag of what is public.
func contentTag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}
