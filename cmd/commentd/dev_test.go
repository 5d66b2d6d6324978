package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestDev(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	dir := devFolder(t)
	p, info := startDev(t, dir)
	ticket := info.Tickets[0]
	if ticket != "550e8400-e29b-41d4-a716-446655440000" || info.Users["agent"] != "789e0123-f45b-67c8-d901-234567890abc" {
		t.Errorf("dev.json names ticket %s and agent %s", ticket, info.Users["agent"])
	}
	for _, name := range []string{"agent", "customer", "system", "integration", "auditor", "admin"} {
		mustCall(t, 200, "GET", info.BaseURL+"/v1/tickets/"+ticket+"/comments", info.Keys[name], "")
	}
	url := info.BaseURL + "/v1/tickets/" + ticket + "/comments"
	var example struct {
		AuthorType string `json:"author_type"`
		Author     string `json:"author_user_id"`
		Internal   bool   `json:"is_internal"`
	}
	answer := mustCall(t, 200, "GET", url+"/123e4567-e89b-12d3-a456-426614174000", info.Keys["agent"], "")
	if err := json.Unmarshal([]byte(answer), &example); err != nil || example.Author != info.Users["agent"] || example.AuthorType != "AGENT" || example.Internal {
		t.Errorf("the example comment is %s, %v", answer, err)
	}
	mustCall(t, 201, "POST", url, info.Keys["agent"], quoted("before the kill"))
	mustCall(t, 200, "GET", info.BaseURL+"/readyz", "", "")

	// Killed without a chance to clean up, it starts again on the same folder and
	// has lost nothing.
	if err := p.stop(syscall.SIGKILL); err == nil {
		t.Error("a killed process ended well")
	}
	p, again := startDev(t, dir)
	if again.Keys["agent"] != info.Keys["agent"] || again.Users["agent"] != info.Users["agent"] {
		t.Error("keys or ids have changed")
	}
	want := []string{"Thank you for contacting support. I'm looking into this issue.", "before the kill"}
	if got := contentsOf(t, again, "customer", ticket); !slices.Equal(got, want) {
		t.Errorf("after the kill the thread is %q; want %q", got, want)
	}

	// Another one in another folder does not get in the way; one in the same folder
	// is told off.
	other, otherInfo := startDev(t, devFolder(t), "--no-demo")
	if otherInfo.Account != "" || otherInfo.BaseURL == again.BaseURL {
		t.Errorf("the other instance says %+v", otherInfo)
	}
	third := startProgram(t, nil, "dev", "--data", dir, "--listen", "127.0.0.1:0")
	if err := third.wait(); err == nil || !strings.Contains(third.output.String(), "in use by") {
		t.Errorf("a second dev in the folder: %v\n%s", err, third.output)
	}
	if err := other.stop(syscall.SIGINT); err != nil {
		t.Errorf("the other instance ended with %v\n%s", err, other.output)
	}

	checkOutsideAccess(t, again)

	if err := p.stop(syscall.SIGINT); err != nil {
		t.Errorf("dev ended with %v\n%s", err, p.output)
	}
	if _, err := os.Stat(filepath.Join(dir, "dev.json")); !os.IsNotExist(err) {
		t.Errorf("dev.json is left behind: %v", err)
	}
	for _, address := range []string{strings.TrimPrefix(again.BaseURL, "http://"), hostOf(t, again.NATSURL), hostOf(t, again.PostgresURL)} {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			t.Errorf("%s still answers", address)
		}
	}
}

// checkOutsideAccess uses the addresses in dev.json as other tools would.
func checkOutsideAccess(t *testing.T, info devInfo) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), info.PostgresURL)
	if err != nil {
		t.Fatalf("connect to %s: %v", hostOf(t, info.PostgresURL), err)
	}
	defer db.Close(t.Context())
	var head int
	if err := db.QueryRow(t.Context(), "SELECT position FROM log.heads").Scan(&head); err != nil || head == 0 {
		t.Errorf("the log ends at %d, %v", head, err)
	}
	nc, err := nats.Connect(info.NATSURL)
	if err != nil {
		t.Fatalf("connect to NATS: %v", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		stream, err := js.Stream(t.Context(), "COMMENTD_LOG")
		if err != nil {
			return err
		}
		if last := stream.CachedInfo().State.LastSeq; last != uint64(head) {
			return fmt.Errorf("the stream ends at %d, the log at %d", last, head)
		}
		return nil
	})
}

func hostOf(t *testing.T, url string) string {
	t.Helper()
	_, rest, _ := strings.Cut(url, "://")
	if _, host, found := strings.Cut(rest, "@"); found {
		rest = host
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// TestKilledWhileWriting kills everything at random moments under load, again and
// again: what was acknowledged is there, once, and a retry with the same key has no
// second effect.
func TestKilledWhileWriting(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	dir := devFolder(t)
	acknowledged := map[string]bool{} // contents
	attempted := map[string]bool{}
	for round := range 4 {
		p, info := startDev(t, dir)
		url := info.BaseURL + "/v1/tickets/" + info.Tickets[0] + "/comments"
		// First settle what is unknown since the last kill.
		for content := range attempted {
			if !acknowledged[content] {
				mustPost(t, url, info.Keys["agent"], content)
				acknowledged[content] = true
			}
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		enough := make(chan struct{})
		var once sync.Once
		for w := range 8 {
			wg.Go(func() {
				for n := 0; ; n++ {
					content := fmt.Sprintf("round %d writer %d comment %d", round, w, n)
					mu.Lock()
					attempted[content] = true
					mu.Unlock()
					status, err := post(url, info.Keys["agent"], content)
					if err != nil {
						return // killed
					}
					mu.Lock()
					if status == 201 {
						acknowledged[content] = true
					}
					if len(acknowledged) > 100*(round+1) {
						once.Do(func() { close(enough) })
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		p.stop(syscall.SIGKILL)
		wg.Wait()
	}
	p, info := startDev(t, dir)
	seen := map[string]int{}
	for _, content := range contentsOf(t, info, "agent", info.Tickets[0]) {
		seen[content]++
	}
	for content := range acknowledged {
		if seen[content] != 1 {
			t.Errorf("acknowledged comment %q is there %d times", content, seen[content])
		}
	}
	for content, n := range seen {
		if n != 1 {
			t.Errorf("comment %q is there %d times", content, n)
		}
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("dev ended with %v\n%s", err, p.output)
	}
}
