package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A history is what clients of the APIs asked for and saw, and when, on threads that
// nobody else writes to.
type history struct {
	t     *testing.T
	key   string
	began time.Time

	mu         sync.Mutex
	operations []porcupine.Operation
	known      map[string][]shown // comments that were acknowledged, by ticket
}

// request is what a client asks for; answer, what it sees.
type request struct {
	ticket, method string
	comment        string // a name that the comment bears in its text, all through its life
	text           string
}

type answer struct{ thread string }

// threadModel is a thread: comments in the order of their creation, each saying what
// it was last told to. Its state is what a list shows.
var threadModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byTicket := map[string][]porcupine.Operation{}
		for _, op := range history {
			ticket := op.Input.(request).ticket
			byTicket[ticket] = append(byTicket[ticket], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byTicket {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		thread, in := state.(string), input.(request)
		switch in.method {
		case "POST":
			return true, thread + in.comment + "=" + in.text + ";"
		case "PATCH":
			before, rest, found := strings.Cut(thread, in.comment+"=")
			_, after, _ := strings.Cut(rest, ";")
			return found, before + in.comment + "=" + in.text + ";" + after
		}
		return output.(answer).thread == thread, thread
	},
}

// TestThreadModel makes sure that the model refuses what must not be seen.
func TestThreadModel(t *testing.T) {
	post := porcupine.Operation{Input: request{method: "POST", comment: "a", text: "1"}, Call: 0, Return: 10}
	lost := porcupine.Operation{Input: request{method: "POST", comment: "b", text: "1"}, Call: 0, Return: math.MaxInt64}
	patch := porcupine.Operation{Input: request{method: "PATCH", comment: "a", text: "2"}, Call: 20, Return: 30}
	list := func(at int64, thread string) porcupine.Operation {
		return porcupine.Operation{Input: request{method: "GET"}, Output: answer{thread}, Call: at, Return: at + 1}
	}
	for _, tt := range []struct {
		name string
		ok   bool
		ops  []porcupine.Operation
	}{
		{"in order", true, []porcupine.Operation{post, list(15, "a=1;"), patch, list(40, "a=2;")}},
		{"either during a change", true, []porcupine.Operation{post, patch, list(22, "a=2;"), list(25, "a=2;")}},
		{"lost and there", true, []porcupine.Operation{post, lost, list(15, "a=1;"), list(20, "a=1;b=1;")}},
		{"lost and not there", true, []porcupine.Operation{post, lost, list(15, "a=1;")}},
		{"acknowledged and not there", false, []porcupine.Operation{post, list(15, "")}},
		{"stale", false, []porcupine.Operation{post, patch, list(40, "a=1;")}},
		{"there and gone", false, []porcupine.Operation{post, lost, list(15, "a=1;b=1;"), list(20, "a=1;")}},
		{"there twice", false, []porcupine.Operation{post, list(15, "a=1;a=1;")}},
	} {
		if got := porcupine.CheckOperations(threadModel, tt.ops); got != tt.ok {
			t.Errorf("%s: linearizable = %t, want %t", tt.name, got, tt.ok)
		}
	}
}

func newHistory(t *testing.T, key string) *history {
	return &history{t: t, key: key, began: time.Now(), known: map[string][]shown{}}
}

// record starts n clients, each of which goes from one API to the next. The function
// returned ends them.
func (h *history) record(n int, pause time.Duration, tickets []string, apis ...string) (stop func()) {
	var running sync.WaitGroup
	ended := make(chan struct{})
	for client := range n {
		running.Go(func() {
			for k := 0; !h.t.Failed(); k++ {
				wait := pause
				if !h.step(client, k, tickets[rand.N(len(tickets))], apis[rand.N(len(apis))]) {
					wait = 30 * pause // or there would be more unknown outcomes than can be reasoned about
				}
				select {
				case <-ended:
					return
				case <-h.t.Context().Done(): // the test has given up
					return
				case <-time.After(wait):
				}
			}
		})
	}
	return func() { close(ended); running.Wait() }
}

// step does one thing, chosen at random, and reports whether it went well.
func (h *history) step(client, k int, ticket, api string) bool {
	in := request{ticket: ticket, method: "GET", text: fmt.Sprintf("%d-%d", client, k)}
	url := api + "/v1/tickets/" + ticket + "/comments"
	h.mu.Lock()
	known := h.known[ticket]
	h.mu.Unlock()
	switch chance := rand.N(10); {
	case chance < 3:
		in.method, in.comment = "POST", "c"+in.text
	case chance < 6 && len(known) > 0:
		of := known[rand.N(len(known))]
		in.method, url = "PATCH", url+"/"+of.ID
		in.comment, _, _ = strings.Cut(of.Content, "=")
	}
	return h.ask(client, in, url)
}

// ask makes a request and notes it. What was never sent or had no effect that anybody
// could see is left out; a write of which it is not known whether it was made may be
// made at any later time.
func (h *history) ask(client int, in request, url string) (well bool) {
	body := ""
	if in.method != "GET" {
		body = quoted(in.comment + "=" + in.text)
	}
	op := porcupine.Operation{ClientId: client, Input: in, Call: int64(time.Since(h.began))}
	status, answered, err := h.call(in.method, url, body)
	op.Return = int64(time.Since(h.began))
	well = err == nil && status/100 == 2
	switch {
	case well && in.method == "GET":
		op.Output = answer{h.thread(answered)}
	case well && in.method == "POST":
		h.learn(in.ticket, answered)
	case well:
	case err == nil && status != 503:
		h.t.Errorf("%s %s = %d %s", in.method, url, status, answered)
		return false
	case in.method == "GET", errors.Is(err, syscall.ECONNREFUSED),
		in.method == "POST" && strings.Contains(answered, `"unavailable"`): // for which see ledger
		return false
	default:
		op.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, op)
	return well
}

// thread gives a list the form of the model's state.
func (h *history) thread(list string) string {
	var comments []shown
	if err := json.Unmarshal([]byte(list), &comments); err != nil {
		h.t.Errorf("%v in %s", err, list)
	}
	var b strings.Builder
	for _, c := range comments {
		b.WriteString(c.Content + ";")
	}
	return b.String()
}

func (h *history) learn(ticket, answered string) {
	var c shown
	if err := json.Unmarshal([]byte(answered), &c); err != nil {
		h.t.Errorf("%v in %s", err, answered)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known[ticket] = append(slices.Clip(h.known[ticket]), c)
}

func (h *history) call(method, url, body string) (int, string, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+h.key)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := loadClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

// check makes sure that every client has seen one and the same thread: each request
// took effect at one moment between its beginning and its end.
func (h *history) check() {
	h.t.Helper()
	unknown := 0
	for _, op := range h.operations {
		if op.Return == math.MaxInt64 {
			unknown++
		}
	}
	h.t.Logf("%d requests, the outcome of %d unknown", len(h.operations), unknown)
	switch porcupine.CheckOperationsTimeout(threadModel, h.operations, 10*time.Second) {
	case porcupine.Illegal:
		h.t.Errorf("%d requests, the outcome of %d unknown, are not linearizable", len(h.operations), unknown)
	case porcupine.Unknown: // too many unknown outcomes to try them all; the ledger still counts
		h.t.Logf("no verdict on %d requests in 10 s", len(h.operations))
	}
}
