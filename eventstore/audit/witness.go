package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/commentd/commentd/internal/metrics"
)

// A Witness keeps signed heads where the owner of the database cannot take them back.
// It is told of each head that is signed, or, while it does not answer, of the last.
type Witness interface {
	Publish(ctx context.Context, signed []byte) error
}

// publishTimeout bounds one try.
const publishTimeout = 10 * time.Second

// Publisher is what sends to a subject of NATS.
type Publisher interface {
	Publish(subject string, data []byte) error
}

// NewWitness returns the witness that text names: file:PATH, nats:SUBJECT or an
// https:// URL (http:// to this machine). nc is for nats: and may be nil otherwise.
func NewWitness(text string, nc Publisher) (Witness, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch {
	case scheme == "file" && rest != "":
		return FileWitness(rest), nil
	case scheme == "nats" && rest != "" && !strings.ContainsAny(rest, " *>\t\r\n"):
		if nc == nil {
			return nil, errors.New("the witness nats:SUBJECT needs NATS")
		}
		return subjectWitness{nc, rest}, nil
	case scheme == "https", strings.HasPrefix(text, "http://127.0.0.1:"), strings.HasPrefix(text, "http://localhost:"):
		return urlWitness{text, &http.Client{Timeout: publishTimeout}}, nil
	}
	return nil, errors.New("a witness is file:PATH, nats:SUBJECT or https://HOST/PATH")
}

// line is how a head is published, one JSON object to a line. The note alone counts;
// the rest is for people and their tools.
type line struct {
	Size     int64  `json:"size"`
	RootHash string `json:"root_hash"`
	SignedAt string `json:"signed_at"`
	Note     string `json:"note"`
}

// encodeLine is the published form of a signed head.
func encodeLine(signed []byte) ([]byte, error) {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	h, ok := parseHead(text + "\n")
	if !ok {
		return nil, ErrHead
	}
	b, err := json.Marshal(line{h.Size, h.Root.String(), h.Time(), string(signed)})
	return append(b, '\n'), err
}

// FileWitness appends to the file of that name. It is worth as much as the file is
// kept from whoever owns the database: on another machine, or append-only.
type FileWitness string

// Publish returns when the head is on disk.
func (w FileWitness) Publish(_ context.Context, signed []byte) error {
	line, err := encodeLine(signed)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(string(w), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	return errors.Join(err, file.Sync(), file.Close())
}

// Last returns the last signed head in the file, nil if there is no file yet, or
// nothing in it. The beginning of a line that a crash has cut short is passed over.
func (w FileWitness) Last() ([]byte, error) {
	file, err := os.Open(string(w))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	const enough = 64 << 10 // for many lines
	tail := make([]byte, min(enough, info.Size()))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	lines := bytes.Split(tail, []byte("\n"))
	for i := len(lines) - 2; i >= 0; i-- { // after the last newline is nothing, or half a line
		if len(lines[i]) == 0 {
			continue
		}
		var l line
		if json.Unmarshal(lines[i], &l) != nil {
			return nil, fmt.Errorf("the last line of %s is no tree head", string(w))
		}
		return []byte(l.Note), nil
	}
	if info.Size() > 0 {
		return nil, fmt.Errorf("%s holds no tree head", string(w))
	}
	return nil, nil
}

// All returns the signed heads in the file, oldest first.
func (w FileWitness) All() ([][]byte, error) {
	content, err := os.ReadFile(string(w))
	if err != nil {
		return nil, err
	}
	var heads [][]byte
	for text := range bytes.Lines(content) {
		var l line
		if len(bytes.TrimSpace(text)) == 0 || !bytes.HasSuffix(text, []byte("\n")) {
			continue // cut short by a crash
		}
		if json.Unmarshal(text, &l) != nil {
			return nil, fmt.Errorf("line %d of %s is no tree head", len(heads)+1, string(w))
		}
		heads = append(heads, []byte(l.Note))
	}
	return heads, nil
}

type subjectWitness struct {
	nc      Publisher
	subject string
}

func (w subjectWitness) Publish(_ context.Context, signed []byte) error {
	line, err := encodeLine(signed)
	if err != nil {
		return err
	}
	return w.nc.Publish(w.subject, line)
}

type urlWitness struct {
	url    string
	client *http.Client
}

func (w urlWitness) Publish(ctx context.Context, signed []byte) error {
	line, err := encodeLine(signed)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(line))
	if err != nil {
		return errors.New("the URL of the witness is malformed")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(request)
	if err != nil {
		return errors.New("the witness does not answer") // the error names the URL, which may hold a secret
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the witness answers %d", response.StatusCode)
	}
	return nil
}

// publisher tells a witness of heads, beside the work of the sealer.
type publisher struct {
	witness Witness
	metrics *metrics.Metrics
	logger  *slog.Logger
	next    chan []byte // of capacity 1: a head that nobody has taken gives way to a later one
}

func newPublisher(w Witness, m *metrics.Metrics, logger *slog.Logger) *publisher {
	return &publisher{witness: w, metrics: m, logger: logger, next: make(chan []byte, 1)}
}

func (p *publisher) tell(signed []byte) {
	if p.witness == nil {
		return
	}
	for {
		select {
		case p.next <- signed:
			return
		default:
		}
		select {
		case <-p.next:
		default:
		}
	}
}

// run publishes until ctx ends, and then what is left.
func (p *publisher) run(ctx context.Context) {
	for {
		select {
		case signed := <-p.next:
			p.publish(ctx, signed)
		case <-ctx.Done():
			select {
			case signed := <-p.next:
				p.publish(ctx, signed)
			default:
			}
			return
		}
	}
}

// publish tries until it is done, or there is a later head to publish.
func (p *publisher) publish(ctx context.Context, signed []byte) {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
		err := p.witness.Publish(bounded, signed)
		cancel()
		if err == nil {
			p.metrics.TreeWitnessed.WithLabelValues("taken").Inc()
			return
		}
		p.metrics.TreeWitnessed.WithLabelValues("failed").Inc()
		p.logger.Warn("witness: a tree head was not taken", "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case signed = <-p.next:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
