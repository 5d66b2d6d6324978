package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/devstacktest"
)

// production is a database, a NATS server and an account with an agent's key.
type production struct {
	postgres    string // URL
	nats        *devstack.NATS
	environment map[string]string
	ticket      string
	user        string
	key, keyID  string
}

func newProduction(t *testing.T) *production {
	t.Helper()
	return newProductionOn(t, devstacktest.Postgres(t), devstacktest.NATS(t))
}

// newProductionOn makes the account in a migrated database.
func newProductionOn(t *testing.T, postgres string, nats *devstack.NATS) *production {
	t.Helper()
	return newProductionApart(t, postgres, "", nats)
}

// newProductionApart is newProductionOn with the keyring in a database of its own, unless
// that is empty.
func newProductionApart(t *testing.T, postgres, keyring string, nats *devstack.NATS) *production {
	t.Helper()
	p := &production{
		postgres: postgres, nats: nats,
		ticket: "33333333-3333-4333-8333-333333333333", user: "11111111-1111-4111-8111-111111111111",
	}
	p.environment = map[string]string{
		"COMMENTD_POSTGRES_URL": postgres,
		"COMMENTD_KEYRING_URL":  keyring,
		"COMMENTD_NATS_URL":     nats.URL(),
		"COMMENTD_ROOT_KEY":     vault.GenerateRootKey(),
		"COMMENTD_BLOBS":        t.TempDir(),
	}
	p.key, p.keyID = p.newAccount(t, "acme", "comments:read,comments:write,comments:delete,tickets:write")
	p.do(t, "ticket", "create", "--account", "acme", "--id", p.ticket)
	return p
}

// newAccount creates an account with an agent, always of the same id, and returns
// the agent's key and the key's id.
func (p *production) newAccount(t *testing.T, slug, scopes string) (key, id string) {
	t.Helper()
	p.do(t, "account", "create", slug)
	p.do(t, "user", "create", "--account", slug, "--id", p.user, "--role", "agent")
	return p.newKey(t, slug, scopes)
}

// newKey makes a key of an account's agent.
func (p *production) newKey(t *testing.T, slug, scopes string) (key, id string) {
	t.Helper()
	var created struct{ ID, Key string }
	out := p.do(t, "key", "create", "--json", "--account", slug, "--user", p.user, "--kind", "agent", "--scopes", scopes)
	if err := json.Unmarshal([]byte(out), &created); err != nil {
		t.Fatal(err)
	}
	return created.Key, created.ID
}

func (p *production) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(t, p.environment, args...)
	if err != nil {
		t.Fatalf("commentd %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// serve starts an instance with some roles, waits until it is ready and returns the
// URL of its API.
func (p *production) serve(t *testing.T, roles string) (*program, string) {
	t.Helper()
	i := p.instance(t, "--roles", roles)
	i.start()
	i.awaitReady()
	return i.program, i.url
}

// instance is a process of commentd serve that may be killed and started again.
type instance struct {
	*program
	t           *testing.T
	environment []string
	args        []string
	url         string // the same after every start
}

// instance prepares one.
func (p *production) instance(t *testing.T, args ...string) *instance {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() // the instance takes it, unless somebody is faster
	i := &instance{t: t, url: "http://" + address, args: append([]string{"serve", "--listen", address}, args...)}
	for name, value := range p.environment {
		i.environment = append(i.environment, name+"="+value)
	}
	return i
}

func (i *instance) start() {
	i.t.Helper()
	i.program = startProgram(i.t, i.environment, i.args...)
}

func (i *instance) awaitReady() {
	i.t.Helper()
	eventually(i.t, func() error {
		if !i.running() {
			i.t.Fatalf("%v ended: %v\n%s", i.args, i.err, i.output)
		}
		status, answer, err := call("GET", i.url+"/readyz", "", "")
		if err == nil && status != 200 {
			err = errors.New(answer)
		}
		return err
	})
}

// TestRoles runs each role in a process of its own: what one instance of the API
// takes, another one shows, with NATS, without it, and with it back again.
func TestRoles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	_, first := p.serve(t, "api")
	_, second := p.serve(t, "api")
	relay, _ := p.serve(t, "relay")
	_, projector := p.serve(t, "projector,worker")
	if status, _, _ := call("GET", projector+"/v1/tickets/"+p.ticket, p.key, ""); status != 404 {
		t.Errorf("a process without the role api answers %d; want 404", status)
	}
	comments := "/v1/tickets/" + p.ticket + "/comments"
	written := 0
	writeAndRead := func() {
		t.Helper()
		for range 20 {
			mustCall(t, 201, "POST", first+comments, p.key, quoted(fmt.Sprintf("comment %d", written)))
			written++
			var seen []struct{ Content string }
			if err := json.Unmarshal([]byte(mustCall(t, 200, "GET", second+comments, p.key, "")), &seen); err != nil {
				t.Fatal(err)
			}
			if last := seen[len(seen)-1].Content; len(seen) != written || last != fmt.Sprintf("comment %d", written-1) {
				t.Fatalf("after %d comments the other instance shows %d, the last being %q", written, len(seen), last)
			}
		}
	}
	writeAndRead()
	p.nats.Stop()
	writeAndRead()
	if err := relay.stop(syscall.SIGKILL); err == nil {
		t.Error("a killed relay ended well")
	}
	writeAndRead()
	if err := p.nats.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.serve(t, "relay")
	writeAndRead()
}

// TestMetrics looks for what an operator watches.
func TestMetrics(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	_, api := p.serve(t, "api,relay,projector,worker")
	mustCall(t, 201, "POST", api+"/v1/tickets/"+p.ticket+"/comments", p.key, quoted("counted"))
	for _, name := range []string{
		"commentd_append_seconds_count 1", "commentd_append_batch_commands_count 1",
		"commentd_relay_lag_events 0", "commentd_relay_lag_seconds 0",
		`commentd_projector_lag_events{projection="threads"} 0`, `commentd_projector_lag_seconds{projection="threads"} 0`,
		`commentd_http_request_seconds_count{method="POST",route="/v1/tickets/{ticket_id}/comments"`,
		"commentd_postgres_connections_max 24", "commentd_postgres_waits_total", "go_goroutines",
	} {
		eventually(t, func() error {
			status, answer, err := call("GET", api+"/metrics", "", "")
			if err == nil && (status != 200 || !strings.Contains(answer, name)) {
				err = fmt.Errorf("%d without %s", status, name)
			}
			return err
		})
	}
}

// TestRevocation revokes a key that another process knows well.
func TestRevocation(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	_, api := p.serve(t, "api")
	url := api + "/v1/tickets/" + p.ticket + "/comments"
	mustCall(t, 200, "GET", url, p.key, "")
	p.do(t, "key", "revoke", "--account", "acme", p.keyID)
	revoked := time.Now()
	for {
		asked := time.Now()
		status, _, err := call("GET", url, p.key, "")
		if err != nil {
			t.Fatal(err)
		}
		if status == 401 {
			return
		}
		if asked.Sub(revoked) > time.Second {
			t.Fatalf("%v after its revocation the key still gets %d", asked.Sub(revoked), status)
		}
	}
}

// TestDrain asks an instance to stop while requests are in flight: none is refused.
func TestDrain(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	instance, api := p.serve(t, "api,relay,projector,worker")
	url := api + "/v1/tickets/" + p.ticket + "/comments"
	mustCall(t, 201, "POST", url, p.key, quoted("first"))
	results := make(chan string, 8)
	for range 8 {
		go func() {
			for {
				status, answer, err := call("POST", url, p.key, quoted("in flight"))
				if err != nil { // the listener is closed
					results <- ""
					return
				}
				if status != 201 {
					results <- answer
					return
				}
			}
		}()
	}
	time.Sleep(200 * time.Millisecond) // some are on their way at any moment
	if err := instance.stop(syscall.SIGTERM); err != nil {
		t.Errorf("the instance ended with %v\n%s", err, instance.output)
	}
	for range 8 {
		if answer := <-results; answer != "" {
			t.Errorf("a request in flight was answered %s", answer)
		}
	}
}
