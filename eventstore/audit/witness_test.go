package audit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNewWitness(t *testing.T) {
	for text, want := range map[string]string{
		"file:/tmp/heads": "", "https://witness.example/heads": "", "http://127.0.0.1:1/": "",
		"":                   "a witness is",
		"file:":              "a witness is",
		"http://example.com": "a witness is",
		"ftp://example.com":  "a witness is",
		"nats:heads":         "needs NATS",
		"nats:a b":           "a witness is",
		"nats:a.>":           "a witness is",
	} {
		_, err := NewWitness(text, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("NewWitness(%q) = %v, want %q", text, err, want)
		}
	}
	nc := &published{}
	w, err := NewWitness("nats:heads", nc)
	if err != nil {
		t.Fatal(err)
	}
	signed := anyHead(t)
	if err := w.Publish(t.Context(), signed); err != nil || nc.subject != "heads" || !strings.Contains(nc.data, `"size":17`) {
		t.Errorf("Publish = %v, %+v", err, nc)
	}
}

// published is what a connection to NATS was asked to send.
type published struct{ subject, data string }

func (p *published) Publish(subject string, data []byte) error {
	p.subject, p.data = subject, string(data)
	return nil
}

func anyHead(t *testing.T) []byte {
	t.Helper()
	h := &Head{Generation: 1, Size: 17, Previous: 12, Epoch: 1, SignedAt: time.Now().UTC()}
	key := NewKey(rootKey, 0)
	key.sign(h)
	return key.Note(h)
}

func TestFileWitness(t *testing.T) {
	file := FileWitness(filepath.Join(t.TempDir(), "heads"))
	if signed, err := file.Last(); signed != nil || err != nil {
		t.Errorf("Last of no file = %s, %v", signed, err)
	}
	var last []byte
	for range 300 { // more than Last reads
		last = anyHead(t)
		if err := file.Publish(t.Context(), last); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := file.Last(); err != nil || string(got) != string(last) {
		t.Errorf("Last = %s, %v; want %s", got, err, last)
	}
	f, err := os.OpenFile(string(file), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"size":18,"note":"cut sho`)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := file.Last(); err != nil || string(got) != string(last) {
		t.Errorf("after half a line Last = %s, %v; want %s", got, err, last)
	}
	if all, err := file.All(); err != nil || len(all) != 300 || string(all[299]) != string(last) {
		t.Errorf("All = %d heads, %v", len(all), err)
	}
	if _, err := f.WriteString("rt\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Last(); err == nil {
		t.Error("Last of a file that ends with something else succeeds")
	}
	if _, err := file.All(); err == nil {
		t.Error("All of a file that ends with something else succeeds")
	}
}

// TestPublisher: a witness that refuses is asked again, and gets the last head at any
// rate.
func TestPublisher(t *testing.T) {
	w := newWorld(t)
	refusals := 2
	got := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if refusals > 0 {
			refusals--
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	defer server.Close()
	witness, err := NewWitness(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := w.sealer(Config{Witness: witness})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	w.grow(5)
	for deadline := time.After(30 * time.Second); ; {
		select {
		case body := <-got:
			if !strings.Contains(body, `"size":5,`) {
				continue // an earlier one
			}
		case <-deadline:
			t.Error("the witness was not told of the last head")
		}
		break
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}

// TestCheckWitnessed: a log that goes on from a witnessed head is good, even where the
// tree was lost; one that is shorter or another one is not.
func TestCheckWitnessed(t *testing.T) {
	w := newWorld(t)
	w.grow(270)
	w.seal()
	w.grow(300)
	w.seal()
	w.save()
	heads := w.heads(1)
	reader := NewReader(w.pool, w.key, 0)
	check := func(h Head) error { return reader.CheckWitnessed(t.Context(), w.Store, w.key.Note(&h)) }
	for _, tt := range []struct {
		name string
		sql  []string
		want string
	}{
		{"all is well", nil, ""},
		{"the tree is of an older backup than the log", []string{"DELETE FROM audit.heads WHERE size > 270", "UPDATE audit.trees SET size = 270"}, ""},
		{"there is no tree", []string{"DELETE FROM audit.heads", "DELETE FROM audit.tiles", "UPDATE audit.trees SET size = 0"}, ""},
		{"the log is shorter", []string{"UPDATE log.heads SET position = 299"}, "it ends at position 299, and once had 300"},
		{"only the rows say that it is shorter", []string{"DELETE FROM log.events WHERE position = 300"}, "there is no event at position 300"},
		{"its last event is another one", []string{"UPDATE log.events SET epoch = 0 WHERE position = 300"}, "the event at position 300 is not the one that it was"},
		{"the log is another one", []string{
			"DELETE FROM audit.heads", "DELETE FROM audit.tiles", "UPDATE audit.trees SET size = 0", "UPDATE log.events SET epoch = 0 WHERE position = 5",
		}, "its first 300 events are not those that they were"},
		{"the tree is another one", []string{"UPDATE audit.tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE level = 1"},
			"its first 300 events are not those that they were"},
		{"there is a hole", []string{
			"DELETE FROM audit.heads", "DELETE FROM audit.tiles", "UPDATE audit.trees SET size = 0", "DELETE FROM log.events WHERE position = 7",
		}, "there is no event at position 7"},
	} {
		for _, sql := range tt.sql {
			w.exec(sql)
		}
		err := check(heads[len(heads)-1])
		var lost *WitnessError
		if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &lost) || !strings.Contains(lost.Reason, tt.want)) {
			t.Errorf("where %s, CheckWitnessed = %v, want %q", tt.name, err, tt.want)
		}
		w.restore()
	}
	other := heads[0]
	other.Size++
	var lost *WitnessError
	if err := check(other); !errors.As(err, &lost) {
		t.Errorf("CheckWitnessed of a head that was not signed = %v", err)
	}
}
