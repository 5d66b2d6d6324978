package relay

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/internal/metrics"
)

// An acknowledgement counts only if it says what a true one says.
func TestAcknowledgements(t *testing.T) {
	for _, tt := range []struct {
		name    string
		subject string
		header  nats.Header
		data    string
		acked   int64
		wantErr error // errAny: any
		state   State // if the error is a trouble
	}{
		{name: "true", subject: "i.7", data: `{"stream":"COMMENTD_LOG","seq":7}`, acked: 7},
		{name: "true, of a batch", subject: "i.9", data: `{"stream":"COMMENTD_LOG","seq":9,"batch":"b","count":4}`, acked: 9},
		{name: "once more", subject: "i.5", data: `{"stream":"COMMENTD_LOG","seq":5}`, acked: 5},
		{name: "other sequence", subject: "i.7", data: `{"stream":"COMMENTD_LOG","seq":8}`, acked: 5, wantErr: errNotNext},
		{name: "other stream", subject: "i.7", data: `{"stream":"OTHER","seq":7}`, acked: 5, wantErr: errNotNext},
		{name: "never sent", subject: "i.11", data: `{"stream":"COMMENTD_LOG","seq":11}`, acked: 5, wantErr: errNotNext},
		{name: "not the next", subject: "i.7", data: `{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"COMMENTD_LOG","seq":0}`,
			acked: 5, wantErr: errNotNext},
		{name: "refused", subject: "i.7", data: `{"error":{"code":503,"err_code":10023,"description":"insufficient resources"}}`,
			acked: 5, wantErr: errAny, state: StateRefused},
		{name: "nobody there", subject: "i.7", header: nats.Header{"Status": {"503"}}, acked: 5, wantErr: errAny, state: StateWaitingForNATS},
		{name: "no JSON", subject: "i.7", data: "hello", acked: 5, wantErr: errAny, state: StateWaitingForNATS},
		{name: "of nothing", subject: "i.x", data: `{"stream":"COMMENTD_LOG","seq":7}`, acked: 5, wantErr: errAny, state: StateWaitingForNATS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &flight{target: &target{stream: "COMMENTD_LOG", taken: func(uint64, int) {}}, inbox: "i.", sent: 10, acked: 5}
			err := f.take(&nats.Msg{Subject: tt.subject, Header: tt.header, Data: []byte(tt.data)})
			if !errors.Is(err, tt.wantErr) && (tt.wantErr != errAny || err == nil) {
				t.Errorf("take = %v, want %v", err, tt.wantErr)
			}
			if tt.state != "" && asTrouble(err).state != tt.state {
				t.Errorf("take = %v: the relay is %s, want %s", err, asTrouble(err).state, tt.state)
			}
			if int64(f.acked) != tt.acked {
				t.Errorf("acknowledged up to %d, want %d", f.acked, tt.acked)
			}
		})
	}
}

var errAny = errors.New("any")

// Acknowledgements may lie, and others may write: what counts is what the stream says.
func TestCheckBelievesTheStreamAlone(t *testing.T) {
	r := newRig(t)
	r.append(10)
	c := r.relay()
	r.awaitRelayed()
	c.stop()
	relay := New(r.log, r.pool, r.nc, metrics.New(prometheus.NewRegistry()), Config{Slug: slugs})
	defer relay.hangUp()
	if err := relay.connect(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if !relay.nc.IsConnected() {
			return errDisconnected
		}
		return nil
	})
	at, err := relay.inspect(t.Context())
	if err != nil || at.position != 10 {
		t.Fatalf("inspect = %+v, %v; want position 10", at, err)
	}
	for _, tt := range []struct {
		acked, sent uint64
		want        error
	}{{10, 10, nil}, {9, 10, nil}, {5, 15, nil}, {11, 15, errNotNext}, {9, 9, errNotNext}} {
		f, err := relay.takeOff(relay.nc, relay.timing.ack, uint64(at.position))
		if err != nil {
			t.Fatal(err)
		}
		f.acked, f.sent, f.moved = tt.acked, tt.sent, time.Now()
		if err := relay.check(t.Context(), f); !errors.Is(err, tt.want) {
			t.Errorf("check of a stream of 10, acknowledged %d, sent %d = %v, want %v", tt.acked, tt.sent, err, tt.want)
		}
		f.land()
	}
}
