package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

// request is one call, which may take several attempts.
type request struct {
	method, path string // the path after /v1, or a whole URL
	header       http.Header
	body         any    // nil: none
	raw          []byte // in the place of body: as it is, of the type media
	media        string
	// once: to repeat it could have another effect, or another answer. It is then repeated
	// only if it has certainly had none.
	once bool
}

// call makes a request until there is an answer, and reads that into out, unless it is
// nil. The headers of the answer are returned.
func (c *Client) call(ctx context.Context, q request, out any) (http.Header, error) {
	answer, err := c.open(ctx, q)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if out == nil || answer.StatusCode == http.StatusNoContent {
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
		return answer.Header, nil
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", q.method, err)
	}
	return answer.Header, nil
}

// open makes a request until it is not refused for the moment. The caller closes the body.
func (c *Client) open(ctx context.Context, q request) (*http.Response, error) {
	content := q.raw
	if q.body != nil {
		var err error
		q.media = "application/json"
		if content, err = json.Marshal(q.body); err != nil {
			return nil, err
		}
	}
	for attempt := 0; ; attempt++ {
		answer, err := c.attempt(ctx, q, content)
		if err == nil || attempt == c.retries || !repeatable(err, q.once) {
			return answer, err
		}
		if err := sleep(ctx, c.pauseAfter(attempt, err)); err != nil {
			return nil, err
		}
	}
}

func (c *Client) attempt(ctx context.Context, q request, content []byte) (*http.Response, error) {
	url := q.path
	if strings.HasPrefix(url, "/") {
		url = c.base + url
	}
	r, err := http.NewRequestWithContext(ctx, q.method, url, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	if q.media != "" {
		r.Header.Set("Content-Type", q.media)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		return nil, errorOf(answer)
	}
	return answer, nil
}

// repeatable reports whether a call that has failed may be made again.
func repeatable(err error, once bool) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var refused *Error
	if errors.As(err, &refused) {
		switch refused.Status {
		case http.StatusTooManyRequests:
			return true
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return !once || refused.Code == CodeUnavailable
		}
		return false
	}
	var dial *net.OpError
	return !once || errors.As(err, &dial) && dial.Op == "dial"
}

// pauseAfter is how long to wait: as long as the service asks for, or twice as long each
// time, and not all callers at once.
func (c *Client) pauseAfter(attempt int, err error) time.Duration {
	var refused *Error
	if errors.As(err, &refused) && refused.retryAfter > 0 {
		return refused.retryAfter
	}
	return pause(c.pause, attempt)
}

// firstPause is the time before the first repetition.
const firstPause = 100 * time.Millisecond

// pause returns how long to wait after so many attempts.
func pause(first time.Duration, attempts int) time.Duration {
	longest := min(first<<attempts, 5*time.Second)
	return longest/2 + rand.N(longest/2+1)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
