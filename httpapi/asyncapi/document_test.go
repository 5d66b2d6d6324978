package asyncapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/httpapi/asyncapi"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/projections/feed"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }

// document is what of the document the tests look at.
type document struct {
	AsyncAPI string
	Channels map[string]struct {
		Address  string
		Messages map[string]struct {
			Ref string `json:"$ref"`
		}
	}
	Components struct {
		Messages map[string]struct {
			Payload struct {
				Ref string `json:"$ref"`
			}
			Headers struct {
				Required   []string
				Properties map[string]struct{ Const, Pattern string }
			}
		}
		Schemas json.RawMessage
	}
}

func parsed(t *testing.T) (d document) {
	t.Helper()
	w := httptest.NewRecorder()
	asyncapi.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/asyncapi.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || w.Code != 200 || d.AsyncAPI != "3.1.0" {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return d
}

// TestEveryTypeIsDescribed: in the log stream and in an outlet for all; on a public one
// there are neither chats nor keys.
func TestEveryTypeIsDescribed(t *testing.T) {
	d := parsed(t)
	for _, name := range eventstore.EventTypes() {
		for _, channel := range []string{"log", "outletAll", "outletPublic"} {
			hidden := channel == "outletPublic" && (strings.HasPrefix(name, "chat.") || name == "obligation.completed")
			if _, described := d.Channels[channel].Messages[name]; described == hidden {
				t.Errorf("%s has %s: %t, want %t", channel, name, described, !hidden)
			}
		}
	}
}

// TestParserOfAsyncAPI: the document is one by the measure of AsyncAPI's own parser.
func TestParserOfAsyncAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads a parser")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "asyncapi.json"), asyncapi.Document(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	run := func(name string, args ...string) (string, error) {
		command := exec.CommandContext(ctx, name, args...)
		command.Dir = dir
		out, err := command.CombinedOutput()
		return string(out), err
	}
	if out, err := run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"); err != nil {
		t.Skipf("npm cannot reach its registry: %v\n%s", err, out)
	}
	out, err := run("node", "check.mjs", "asyncapi.json")
	if err != nil || !strings.HasPrefix(out, "3 channels, ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// payloadsSQL adds an event of a type to account 1.
const payloadsSQL = `
WITH head AS (UPDATE log.heads SET position = position + 1, recorded_at = now() WHERE shard = 0 RETURNING position, epoch, recorded_at)
INSERT INTO log.events (position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous, shard, schema_version,
                        internal, event_id, ticket_id, comment_id, type, data)
SELECT position, position - 1, recorded_at, epoch, 1, position, 0, 0, 1, $1, gen_random_uuid(), md5('ticket')::uuid, $2, $3, $4 FROM head`

// TestMessagesAreAsDescribed has events of all types carried into all streams, those of elsewhere
// included, and compares what comes out of them with the document.
func TestMessagesAreAsDescribed(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	pool, err := eventstore.Connect(t.Context(), devstacktest.Postgres(t), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	d, events := parsed(t), map[string]int{}
	files, err := filepath.Glob("../../eventstore/testdata/payloads/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".1.")
		events[name]++
		internal := !slices.Contains(relay.AudiencePublic.Types(), name)
		var about *uuid.UUID
		if !strings.HasPrefix(name, "ticket.") && !strings.HasPrefix(name, "obligation.") {
			about = new(uuid.UUID)
			*about = uuid.New()
		}
		if _, err := pool.Exec(t.Context(), payloadsSQL, internal, about, name, bytes.TrimSpace(payload)); err != nil {
			t.Fatal(err)
		}
	}
	js := carry(t, pool)
	for channel, name := range map[string]string{"log": relay.StreamName(0), "outletAll": "COMMENTD_OUT_ACME_ALL", "outletPublic": "COMMENTD_OUT_ACME_PUBLIC"} {
		want := 0
		for kind := range d.Channels[channel].Messages {
			want += events[kind]
			if events[kind] == 0 {
				t.Errorf("there is no event %s", kind)
			}
		}
		for at := 1; at <= want; at++ {
			d.check(t, channel, message(t, js, name, uint64(at)))
		}
		s, err := js.Stream(t.Context(), name)
		if err != nil || s.CachedInfo().State.Msgs != uint64(want) {
			t.Errorf("%s has %d messages, want %d: %v", name, s.CachedInfo().State.Msgs, want, err)
		}
	}
}

// carry starts what fills the streams.
func carry(t *testing.T, pool *pgxpool.Pool) jetstream.JetStream {
	t.Helper()
	m := metrics.New(prometheus.NewRegistry())
	log, outlets := eventstore.New(pool, nil, m, eventstore.Config{}), relay.NewOutletStore(pool, 0)
	for _, a := range []relay.Audience{relay.AudienceAll, relay.AudiencePublic} {
		if err := outlets.Open(t.Context(), 1, a, 0); err != nil {
			t.Fatal(err)
		}
	}
	nc, err := nats.Connect(devstacktest.NATS(t).URL(), nats.CustomInboxPrefix(relay.InboxPrefix))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	hub := feed.New(log, feed.Polling{Log: log})
	config := relay.Config{BaseURL: "https://comments.example", Slug: func(context.Context, domain.AccountID) (string, error) { return "acme", nil }}
	watch := func(account domain.AccountID, after eventstore.Position) relay.Watcher {
		return hub.Watch(account, after)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	parts := []func(context.Context) error{hub.Run, relay.New(log, pool, nc, m, config).Run, relay.NewOutlets(log, outlets, watch, nc, m, config).Run}
	for _, run := range parts {
		go func() { ended <- run(ctx) }()
	}
	t.Cleanup(func() {
		stop()
		for range parts {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// message waits for a message of a stream.
func message(t *testing.T, js jetstream.JetStream, stream string, at uint64) (msg *jetstream.RawStreamMsg) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var s jetstream.Stream
		if s, err = js.Stream(t.Context(), stream); err == nil {
			if msg, err = s.GetMsg(t.Context(), at); err == nil {
				return msg
			}
		}
	}
	t.Fatalf("message %d of %s: %v", at, stream, err)
	return nil
}

// check compares a message with what the document says of its type.
func (d document) check(t *testing.T, channel string, msg *jetstream.RawStreamMsg) {
	t.Helper()
	name := strings.TrimPrefix(msg.Header.Get("ce-type"), "commentd.")
	described, ok := d.Components.Messages[strings.TrimPrefix(d.Channels[channel].Messages[name].Ref, "#/components/messages/")]
	if !ok {
		t.Fatalf("%s: %s is not described", channel, name)
	}
	address := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(d.Channels[channel].Address), "[a-z0-9_-]+")
	if !regexp.MustCompile("^" + address + "$").MatchString(msg.Subject) {
		t.Errorf("%s: %s is on %s", channel, name, msg.Subject)
	}
	for _, header := range described.Headers.Required {
		if msg.Header.Get(header) == "" {
			t.Errorf("%s: %s has no %s", channel, name, header)
		}
	}
	for header, values := range msg.Header {
		schema, known := described.Headers.Properties[header]
		switch {
		case strings.HasPrefix(header, "Nats-"):
		case !known, schema.Const != "" && schema.Const != values[0], !regexp.MustCompile(schema.Pattern).MatchString(values[0]):
			t.Errorf("%s: %s has %s: %q", channel, name, header, values)
		}
	}
	if err := d.validate(described.Payload.Ref, msg.Data); err != nil {
		t.Errorf("%s: %s says %s: %v", channel, name, msg.Data, err)
	}
}

// validate compares JSON with a schema, as another implementation reads it.
func (d document) validate(reference string, data []byte) error {
	text := fmt.Sprintf(`{"openapi":"3.1.0","info":{"title":"","version":""},"paths":{},"components":{"schemas":%s}}`, d.Components.Schemas)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		return err
	}
	schema := doc.Components.Schemas[strings.TrimPrefix(reference, "#/components/schemas/")]
	if schema == nil {
		return errors.New("there is no schema " + reference)
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	return schema.Value.VisitJSON(value)
}
