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
	nats        *devstack.NATS
	environment map[string]string
	ticket      string
	key, keyID  string
}

func newProduction(t *testing.T) *production {
	t.Helper()
	p := &production{nats: devstacktest.NATS(t), ticket: "33333333-3333-4333-8333-333333333333"}
	p.environment = map[string]string{
		"COMMENTD_POSTGRES_URL": devstacktest.Postgres(t),
		"COMMENTD_NATS_URL":     p.nats.URL(),
		"COMMENTD_ROOT_KEY":     vault.GenerateRootKey(),
	}
	const user = "11111111-1111-4111-8111-111111111111"
	p.do(t, "account", "create", "acme")
	p.do(t, "user", "create", "--account", "acme", "--id", user, "--role", "agent")
	var key struct{ ID, Key string }
	out := p.do(t, "key", "create", "--json", "--account", "acme", "--user", user, "--kind", "agent", "--scopes", "comments:read,comments:write")
	if err := json.Unmarshal([]byte(out), &key); err != nil {
		t.Fatal(err)
	}
	p.key, p.keyID = key.Key, key.ID
	p.do(t, "ticket", "create", "--account", "acme", "--id", p.ticket)
	return p
}

func (p *production) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(t, p.environment, args...)
	if err != nil {
		t.Fatalf("commentd %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// serve starts an instance with some roles and returns the URL of its API.
func (p *production) serve(t *testing.T, roles string) (*program, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() // the instance takes it, unless somebody is faster
	var environment []string
	for name, value := range p.environment {
		environment = append(environment, name+"="+value)
	}
	instance := startProgram(t, environment, "serve", "--listen", address, "--roles", roles)
	eventually(t, func() error {
		status, answer, err := call("GET", "http://"+address+"/readyz", "", "")
		if err == nil && status != 200 {
			err = errors.New(answer)
		}
		return err
	})
	return instance, "http://" + address
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
