package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestInstanceStopped stops an instance that has every lease, without ending it, and
// lets it go on later. Its clients wait; those of the other instance notice nothing.
func TestInstanceStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	first := p.instances(t, "api,relay,projector,worker")[0]
	second := p.instances(t, "api,relay,projector,worker")[0]
	tickets := p.newTickets(t, first.url, 4)
	waiting, others := newLedger(t, p.key), newLedger(t, p.key)
	stopWaiting := waiting.write(4, 5*time.Millisecond, tickets[:2], first.url)
	stopOthers := others.write(4, 5*time.Millisecond, tickets[2:], second.url)
	waiting.awaitMore(50)
	others.awaitMore(50)
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(6 * time.Second) // longer than a relay waits for another one
	for time.Now().Before(until) {
		others.awaitMore(1)
	}
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	waiting.awaitMore(50)
	stopWaiting()
	stopOthers()
	for name, l := range map[string]*ledger{"the stopped": waiting, "the other": others} {
		if n := l.unsettled.Load(); n > 0 {
			t.Errorf("%d requests to %s instance failed", n, name)
		}
		l.settle(second.url, first.url)
		l.check(first.url)
	}
	p.audit(t, others, first.url, second.url)
	awaitNoLag(t, first, second)
}

// TestCrowd has far more clients than connections to Postgres, some of whom do not
// read what they asked for.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	i := p.instance(t, "--pool-size", "4")
	i.start()
	i.awaitReady()
	tickets := p.newTickets(t, i.url, 4)
	long := p.newTickets(t, i.url, 1)[0]
	p.fill(t, i.url, long, 300, 24<<10)
	var slow []net.Conn
	for range 8 {
		slow = append(slow, ask(t, i.url, "GET", "/v1/tickets/"+long+"/comments", p.key, ""))
	}
	if _, err := slow[0].Read(make([]byte, 1)); err != nil { // and no more
		t.Fatal(err)
	}
	l := newLedger(t, p.key)
	stopWriting := l.write(100, time.Millisecond, tickets, i.url)
	var reading sync.WaitGroup
	for r := range 100 {
		reading.Go(func() {
			for range 5 {
				status, answer, err := read(i.url, tickets[r%len(tickets)], p.key)
				if err != nil || status != 200 && (status != 503 || !strings.Contains(answer, `"unavailable"`)) {
					t.Errorf("GET = %d %s, %v; want 200 or 503", status, answer, err)
				}
			}
		})
	}
	reading.Wait()
	l.awaitMore(200)
	stopWriting()
	for _, conn := range slow {
		conn.Close()
	}
	t.Logf("%d of %d comments were acknowledged, the slowest answer took %v", l.acknowledged.Load(), len(l.entries), time.Duration(l.slowest.Load()))
	l.settle(i.url)
	l.check(i.url)
	p.audit(t, l, i.url)
	awaitNoLag(t, i)
}

// fill writes n comments of a size into a ticket.
func (p *production) fill(t *testing.T, api, ticket string, n, size int) {
	t.Helper()
	text := strings.Repeat("x", size)
	var writing sync.WaitGroup
	for w := range 8 {
		writing.Go(func() {
			for k := w; k < n; k += 8 {
				status, answer, err := call("POST", api+"/v1/tickets/"+ticket+"/comments", p.key, quoted(fmt.Sprint(k, text)))
				if err != nil || status != 201 {
					t.Errorf("POST = %d %s, %v", status, answer, err)
				}
			}
		})
	}
	writing.Wait()
}

// read gets a thread.
func read(api, ticket, key string) (int, string, error) {
	request, err := http.NewRequest("GET", api+"/v1/tickets/"+ticket+"/comments", nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := loadClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

// ask sends a request on a connection of its own with little room for the answer. Of
// a body it sends, once the server has begun to read it, all but the last byte.
func ask(t *testing.T, api, method, path, key, body string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(api, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	const head = "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
	if _, err := fmt.Fprintf(conn, head, method, path, key, len(body)); err != nil {
		t.Fatal(err)
	}
	if body == "" {
		return conn
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the server answers %q, %v", line, err)
	}
	if _, err := conn.Write([]byte(body[:len(body)-1])); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestFewFiles gives an instance 64 open files, and more clients than that. Nothing is
// lost, nothing hangs, and when they have gone all is well.
func TestFewFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	i := p.instance(t)
	i.program = startCommand(t, exec.Command("sh", append([]string{"-c", `ulimit -n 64 && exec "$0" "$@"`, os.Args[0]}, i.args...)...), i.environment)
	i.awaitReady()
	tickets := p.newTickets(t, i.url, 2)
	l := newLedger(t, p.key)
	stop := l.write(8, 5*time.Millisecond, tickets, i.url)
	l.awaitMore(50)
	var idle []net.Conn
	for range 100 { // those that are not accepted wait in the kernel's queue
		idle = append(idle, ask(t, i.url, "GET", "/v1/tickets/"+tickets[0]+"/comments", p.key, ""))
	}
	l.awaitMore(20)
	for _, conn := range idle {
		conn.Close()
	}
	l.awaitMore(50)
	stop()
	t.Logf("%d of %d comments were acknowledged, %d answers left one open, the slowest answer took %v",
		l.acknowledged.Load(), len(l.entries), l.unsettled.Load(), time.Duration(l.slowest.Load()))
	l.settle(i.url)
	l.check(i.url)
	p.audit(t, l, i.url)
	awaitNoLag(t, i)
}

// TestStoppedTwice asks an instance to stop while a request is on its way, and then
// loses patience.
func TestStoppedTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	instances := p.instances(t, "api,relay", "api,relay,projector,worker")
	tickets := p.newTickets(t, instances[0].url, 2)
	l := newLedger(t, p.key)
	stop := l.write(4, 5*time.Millisecond, tickets, instances[0].url, instances[1].url)
	l.awaitMore(50)
	defer ask(t, instances[0].url, "POST", "/v1/tickets/"+tickets[0]+"/comments", p.key, quoted("never ends")).Close()
	if err := instances[0].cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { // it listens no more, and waits for the request
		conn, err := net.Dial("tcp", strings.TrimPrefix(instances[0].url, "http://"))
		if err == nil {
			conn.Close()
			return fmt.Errorf("%s still answers", instances[0].url)
		}
		return nil
	})
	if !instances[0].running() {
		t.Error("the instance did not wait for a request on its way")
	}
	asked := time.Now()
	err := instances[0].stop(syscall.SIGTERM)
	if err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("after %v the instance ended with %v\n%s", time.Since(asked), err, instances[0].output)
	}
	l.awaitMore(50)
	stop()
	l.settle(instances[1].url)
	l.check(instances[1].url)
	p.audit(t, l, instances[1].url)
	awaitNoLag(t, instances[1])
}
