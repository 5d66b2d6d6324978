package v1

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// linesType is the media type of values that are sent as lines.
const linesType = "application/x-ndjson"

// A flow is a list of values on its way out, piece by piece: what is in memory does not
// grow with the list.
type flow struct {
	a       *API
	w       http.ResponseWriter
	r       *http.Request
	lines   bool // a value per line, instead of one array
	buffer  []byte
	count   int  // of values so far
	started bool // a piece has gone out
	alive   func()
}

// serve answers with the values that produce adds. The work is given up if it takes
// longer than answerTimeout from one value to the next.
func (f *flow) serve(produce func(context.Context) error) error {
	buffer := pieces.Get().(*[]byte)
	defer putPiece(buffer)
	f.buffer = *buffer
	defer func() { *buffer = f.buffer }()
	ctx, cancel := context.WithCancelCause(f.r.Context())
	defer cancel(nil)
	patience := time.AfterFunc(answerTimeout, func() { cancel(context.DeadlineExceeded) })
	defer patience.Stop()
	f.alive = func() { patience.Reset(answerTimeout) }
	err := produce(ctx)
	switch {
	case err == errEnough:
		f.setHeaders()
		return nil
	case err != nil && f.started:
		panic(http.ErrAbortHandler) // that it ends early is all that can still be said
	case err != nil:
		return err
	}
	f.end()
	return nil
}

// add appends a value.
func (f *flow) add(v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f.alive()
	if !f.lines {
		f.buffer = append(f.buffer, f.separator())
	}
	f.buffer = append(f.buffer, value...)
	if f.lines {
		f.buffer = append(f.buffer, '\n')
	}
	f.count++
	if len(f.buffer) >= pieceSize {
		return f.send()
	}
	return nil
}

func (f *flow) separator() byte {
	if f.count == 0 {
		return '['
	}
	return ','
}

// send lets a piece go out, and fails if it is not received in time.
func (f *flow) send() error {
	if !f.started {
		f.setHeaders()
		f.started = true
	}
	if err := http.NewResponseController(f.w).SetWriteDeadline(time.Now().Add(f.a.pieceTimeout)); err != nil {
		return err
	}
	_, err := f.w.Write(f.buffer)
	f.buffer = f.buffer[:0]
	return err
}

func (f *flow) end() {
	if !f.lines {
		if f.count == 0 {
			f.buffer = append(f.buffer, '[')
		}
		f.buffer = append(f.buffer, ']')
	}
	_ = f.send() // a caller who has gone does not mind
}

func (f *flow) setHeaders() {
	h := f.w.Header()
	h["Content-Type"] = jsonType
	if f.lines {
		h["Content-Type"] = linesTypes
	}
	h["Cache-Control"] = noteControl
}

var linesTypes = []string{linesType}
