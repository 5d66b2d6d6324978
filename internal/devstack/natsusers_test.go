package devstack

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestDevPublishes asks of each subject whether a message of dev arrives.
func TestDevPublishes(t *testing.T) {
	n := startNATS(t, filepath.Join(t.TempDir(), "nats"))
	service, dev := connectNATS(t, n.URL()), connectNATS(t, n.DevURL())
	all, err := service.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		subject string
		allowed bool
	}{
		{"commentd.log.0.acme.public.comment.created", false},
		{"commentd.log.x", false},
		{"_INBOX_COMMENTD.abc.1", false},
		{"commentd.out.acme.public.comment.created", false},
		{"_INBOX.abc", true},
		{"anything", true},
	} {
		// The second message comes after the first on the same way.
		for _, subject := range []string{tt.subject, "marker"} {
			if err := dev.Publish(subject, nil); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for !slices.Contains(got, "marker") {
			m, err := all.NextMsg(5 * time.Second)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, m.Subject)
		}
		if arrived := slices.Contains(got, tt.subject); arrived != tt.allowed {
			t.Errorf("dev publishes on %s: arrived %t, want %t", tt.subject, arrived, tt.allowed)
		}
	}
}

// TestDevSubscribes asks of each subscription whether what the relay does is heard.
func TestDevSubscribes(t *testing.T) {
	n := startNATS(t, filepath.Join(t.TempDir(), "nats"))
	service := connectNATS(t, n.URL())
	for _, tt := range []struct {
		subscribe, queue, publish string
		heard                     bool
	}{
		{"commentd.log.>", "", "commentd.log.x", false},
		{"commentd.log.x", "", "commentd.log.x", false},
		{"commentd.>", "", "commentd.log.x", false},
		{"commentd.*.x", "", "commentd.log.x", false},
		{">", "", "commentd.log.x", false},
		{">", "q", "commentd.log.x", false},
		{"commentd.*.>", "q", "commentd.log.x", false},
		{"_INBOX_COMMENTD.>", "", "_INBOX_COMMENTD.a", false},
		{"*.a", "", "_INBOX_COMMENTD.a", false},
		{">", "q", "_INBOX_COMMENTD.a", false},
		{"commentd.out.>", "", "commentd.out.acme", false},
		{"commentd.>", "", "commentd.out.acme", false},
		{">", "", "commentd.out.acme", false},
		{"commentd.>", "", "commentd.other", true},
		{"_INBOX.>", "", "_INBOX.a", true},
	} {
		t.Run(tt.subscribe+" "+tt.queue+" "+tt.publish, func(t *testing.T) {
			var mu sync.Mutex
			var heard []string
			dev := connectNATS(t, n.DevURL(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
			note := func(m *nats.Msg) {
				mu.Lock()
				defer mu.Unlock()
				heard = append(heard, m.Subject)
			}
			if _, err := dev.QueueSubscribe(tt.subscribe, tt.queue, note); err != nil {
				t.Fatal(err)
			}
			marker, err := dev.SubscribeSync("marker")
			if err != nil {
				t.Fatal(err)
			}
			if err := dev.Flush(); err != nil {
				t.Fatal(err)
			}
			for _, subject := range []string{tt.publish, "marker"} {
				if err := service.Publish(subject, nil); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := marker.NextMsg(5 * time.Second); err != nil {
				t.Fatal(err)
			}
			dev.Drain() // what came before the marker has been noted when the connection is closed
			for !dev.IsClosed() {
				time.Sleep(time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			if got := slices.Contains(heard, tt.publish); got != tt.heard {
				t.Errorf("heard %t, want %t", got, tt.heard)
			}
		})
	}
}

// TestDevReadsLogThroughJetStream shows that the ban on the subjects is not one on
// the stream.
func TestDevReadsLogThroughJetStream(t *testing.T) {
	n := startNATS(t, filepath.Join(t.TempDir(), "nats"))
	service := connectNATS(t, n.URL(), nats.CustomInboxPrefix("_INBOX_COMMENTD"))
	if _, err := logStream(t, service).Publish(t.Context(), "commentd.log.x", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(connectNATS(t, n.DevURL()))
	if err != nil {
		t.Fatal(err)
	}
	for name, filter := range map[string][]string{"all": nil, "filtered": {"commentd.log.x"}} {
		t.Run(name, func(t *testing.T) {
			c, err := js.OrderedConsumer(t.Context(), "LOG", jetstream.OrderedConsumerConfig{FilterSubjects: filter})
			if err != nil {
				t.Fatal(err)
			}
			m, err := c.Next(jetstream.FetchMaxWait(5 * time.Second))
			if err != nil || m.Subject() != "commentd.log.x" || string(m.Data()) != "hello" {
				t.Errorf("dev's consumer got %+v, %v; want the message", m, err)
			}
		})
	}
}
