package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/httpapi/intake"
)

const (
	maxRedirects = 5
	fetchTries   = 5
	// maxPause is how long a server may have itself waited for. One that asks for more is
	// asked again by another run.
	maxPause = time.Minute
	// fetchTimeout bounds one try, all of the file included.
	fetchTimeout = 10 * time.Minute
)

// A lostError says why a file cannot be had, or not now, and not where it was looked for.
type lostError struct{ why string }

func (e *lostError) Error() string { return "a file of it cannot be had: " + e.why }

// A fetcher fetches files from elsewhere.
type fetcher struct {
	guard  webhook.Guard
	client *http.Client
	intake *intake.Intake
	pause  time.Duration // before the second try; twice as long before each other one
}

func newFetcher(guard webhook.Guard, intake *intake.Intake, pause time.Duration) *fetcher {
	f := &fetcher{guard: guard, intake: intake, pause: pause}
	f.client = &http.Client{
		Transport: f.guard.Transport(), Timeout: fetchTimeout,
		CheckRedirect: func(r *http.Request, before []*http.Request) error {
			r.Header.Del("Referer") // set by now to the address before, in which a token may be
			if len(before) > maxRedirects {
				return &lostError{"it leads from one address to the next"}
			}
			return f.may(r.URL.String())
		},
	}
	return f
}

func (f *fetcher) may(address string) error {
	if mistake := f.guard.Mistake(address); mistake != "" {
		return &lostError{"its address " + mistake}
	}
	return nil
}

// fetch stores the file at an address, as the intake returns it. The error is a *lostError if
// it cannot be had.
func (f *fetcher) fetch(ctx context.Context, address string, limit int64) (domain.Attachment, error) {
	if err := f.may(address); err != nil {
		return domain.Attachment{}, err
	}
	pause := f.pause
	for try := 1; ; try++ {
		file, again, err := f.once(ctx, address, limit)
		if again == never || err == nil || try == fetchTries || again > maxPause {
			return file, err
		}
		select {
		case <-time.After(max(again, pause+rand.N(pause/2+1))):
		case <-ctx.Done():
			return file, context.Cause(ctx)
		}
		pause *= 2
	}
}

// never: to try again would be of no use.
const never time.Duration = -1

// once tries to fetch a file, and returns when it may be tried again.
func (f *fetcher) once(ctx context.Context, address string, limit int64) (file domain.Attachment, again time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return file, never, &lostError{"its address is none"}
	}
	response, err := f.client.Do(request)
	var lost *lostError
	switch {
	case ctx.Err() != nil:
		return file, never, context.Cause(ctx)
	case errors.As(err, &lost):
		return file, never, lost
	case errors.Is(err, webhook.ErrNotPublic):
		return file, never, &lostError{"its address leads into a private network"}
	case err != nil:
		return file, 0, &lostError{"no server answers"}
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests || status >= 500:
		return file, webhook.RetryAfter(response.Header, time.Now()), &lostError{fmt.Sprintf("the answer is %d", status)}
	case status != http.StatusOK:
		return file, never, &lostError{fmt.Sprintf("the answer is %d", status)}
	}
	body := &body{in: response.Body}
	file, err = f.intake.File(ctx, body, limit)
	switch {
	case ctx.Err() != nil:
		return file, never, context.Cause(ctx)
	case errors.Is(err, intake.ErrEmpty):
		return file, never, &lostError{"it is empty"}
	case errors.Is(err, intake.ErrTooLarge):
		return file, never, &lostError{"it is larger than the account allows"}
	case errors.Is(err, blob.ErrUnavailable):
		return file, never, err
	case body.broken:
		return file, 0, &lostError{"it breaks off"}
	}
	return file, never, err
}

// body knows whether it broke off.
type body struct {
	in     io.Reader
	broken bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.broken = err != nil && !errors.Is(err, io.EOF)
	return n, err
}
