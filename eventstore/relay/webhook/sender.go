package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Outcome says what became of an attempt. The set is closed, and says no more about
// connections that were not made than that: whoever can name URLs is not to map networks.
type Outcome string

const (
	Delivered   Outcome = "delivered"   // the answer was 2xx
	Refused     Outcome = "refused"     // the answer was another one
	Unreachable Outcome = "unreachable" // no connection, or it broke off
	TimedOut    Outcome = "timeout"     // no answer in time
)

// answer is all that is kept of how an endpoint reacted.
type answer struct {
	outcome    Outcome
	status     int           // 0: none
	took       time.Duration // until the answer; 0: there was none
	retryAfter time.Duration // that the endpoint asks for; 0: it does not
}

const (
	dialTimeout = 5 * time.Second
	// maxHeaders and maxAnswer are how much of an answer is read. A connection whose answer
	// is longer is not used again.
	maxHeaders = 16 << 10
	maxAnswer  = 4 << 10
	// maxRetryAfter bounds for how long an endpoint can have itself left alone.
	maxRetryAfter = 24 * time.Hour
)

// sender makes requests. It follows no redirect.
type sender struct{ client *http.Client }

func newSender(guard *Guard, timeout time.Duration) *sender {
	transport := guard.Transport()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 512, width
	return &sender{&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       timeout,
	}}
}

// post sends a body and says how the endpoint reacted.
func (s *sender) post(ctx context.Context, url string, header http.Header, body []byte) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{outcome: Unreachable}
	}
	request.Header = header
	began := time.Now()
	response, err := s.client.Do(request)
	if err != nil {
		return answer{outcome: failure(err)}
	}
	defer response.Body.Close()
	a := answer{outcome: Refused, status: response.StatusCode, took: time.Since(began)}
	if a.status/100 == 2 {
		a.outcome = Delivered
	} else {
		a.retryAfter = RetryAfter(response.Header, time.Now())
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // so that the connection can be used again
	return a
}

func failure(err error) Outcome {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" || !os.IsTimeout(err) {
		return Unreachable
	}
	return TimedOut
}

// RetryAfter reads the header of that name, seconds or a date: for how long an answer asks to
// be left alone.
func RetryAfter(answer http.Header, now time.Time) time.Duration {
	value, wait := answer.Get("Retry-After"), time.Duration(0)
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
