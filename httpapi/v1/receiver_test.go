package v1_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/projections/threads"
)

// loopback lets requests lead to the receivers of tests.
var loopback = webhook.Guard{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AllowHTTP: true}

// dispatch delivers to all webhooks until stop is called.
func (s *stack) dispatch(options ...func(*webhook.Config)) (stop func()) {
	s.t.Helper()
	config := webhook.Config{Guard: loopback, Tick: 20 * time.Millisecond, Schedule: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond}}
	for _, option := range options {
		option(&config)
	}
	reader := threads.NewReader(s.pool, s.vault, 0)
	sources := webhook.Sources{
		BaseURL: "https://comments.example.com",
		Slug: func(ctx context.Context, id domain.AccountID) (string, error) {
			account, err := s.directory.Account(ctx, id)
			return account.Slug, err
		},
		Comment: func(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.CommentID) (webhook.Comment, error) {
			c, err := reader.Get(ctx, account, ticket, id, domain.Actor{Kind: domain.ActorSystem})
			if err != nil {
				return webhook.Comment{}, err
			}
			return v1.WebhookComment(ticket, &c), nil
		},
	}
	watch := func(account domain.AccountID, after eventstore.Position) relay.Watcher {
		return s.hub.Watch(account, after)
	}
	d := webhook.New(webhook.NewStore(s.pool, s.root, 0), watch, sources, s.metrics, config)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- d.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ran; err != nil {
			s.t.Errorf("dispatcher: %v", err)
		}
	})
	s.t.Cleanup(stop)
	return stop
}

// message is what a receiver got.
type message struct {
	header http.Header
	body   []byte
	envelope
}

// envelope is the body of a message as a receiver reads it.
type envelope struct {
	SpecVersion, ID, Source, Type, Subject, Time, DataRef string

	Data struct {
		TicketID  string   `json:"ticket_id"`
		CommentID string   `json:"comment_id"`
		Internal  bool     `json:"is_internal"`
		Version   int      `json:"version"`
		Comment   *comment `json:"comment"`
	}
}

// receiver is a server that webhooks lead to.
type receiver struct {
	t      *testing.T
	url    string
	mu     sync.Mutex
	got    []message
	answer func(n int, m message) int // status of the nth request, from 1 on; nil: 200
	header http.Header                // of answers
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, header: http.Header{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/hook?token=s3cret"
	return r
}

// ServeHTTP keeps the request and answers as it was told.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	m := message{header: request.Header.Clone(), body: body}
	if err := json.Unmarshal(body, &m.envelope, json.MatchCaseInsensitiveNames(true)); err != nil {
		r.t.Errorf("body %s: %v", body, err)
	}
	r.mu.Lock()
	r.got = append(r.got, m)
	n, answer := len(r.got), r.answer
	for name, values := range r.header {
		w.Header()[name] = values
	}
	r.mu.Unlock()
	status := http.StatusOK
	if answer != nil {
		status = answer(n, m)
	}
	w.WriteHeader(status)
}

// answering changes how the receiver answers.
func (r *receiver) answering(answer func(n int, m message) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// await waits until the receiver has got n messages, and returns them.
func (r *receiver) await(n int) []message {
	r.t.Helper()
	eventually(r.t, func() bool { return len(r.messages()) >= n })
	return r.messages()
}

func eventually(t testing.TB, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("still waiting after 30 s")
		}
	}
}

// signed reports whether one of the signatures of the message was made with the secret. It
// is written from the specification alone.
func (m *message) signed(secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(m.header.Get("webhook-id") + "." + m.header.Get("webhook-timestamp") + "." + string(m.body)))
	return slices.Contains(strings.Fields(m.header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// hook is a webhook as a client sees it.
type hook struct {
	ID, URL, Secret string
	Types           []string
	Visibility      string
	TicketID        *string `json:"ticket_id"`
	Text            bool
	Mode            string
	Enabled         bool
	DisabledBecause *string `json:"disabled_because"`
	FailingSince    *string `json:"failing_since"`
	CreatedAt       string  `json:"created_at"`
	UpdatedAt       string  `json:"updated_at"`
}

// hook makes a webhook that leads to the receiver. more is what its body says besides.
func (a *account) hook(r *receiver, more string) (h hook) {
	a.t.Helper()
	if more != "" {
		more = "," + more
	}
	h.read(a.t, a.must(201, "admin", "POST", "/v1/webhooks", `{"url":"`+r.url+`"`+more+`}`))
	return h
}

func (h *hook) read(t testing.TB, r response) {
	t.Helper()
	if err := json.Unmarshal(r.body, h, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatalf("body %s: %v", r.body, err)
	}
}

// path is that of the webhook.
func (h *hook) path() string { return "/v1/webhooks/" + h.ID }
