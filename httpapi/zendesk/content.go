package zendesk

import (
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/intake"
)

// mountContent adds the contents of files to mux. Whoever has the address of one needs
// nothing else: it cannot be guessed, and it ends with the file.
func (a *API) mountContent(mux *chi.Mux) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		mux.MethodFunc(method, intake.ContentRoot+"{token}", a.content)
		mux.MethodFunc(method, intake.ContentRoot+"{token}/", a.content)
	}
}

// contentViewer is for whom contents are looked up: an address is enough to see them.
var contentViewer = domain.Actor{Kind: domain.ActorSystem}

// content serves GET /attachments/token/{token}/.
func (a *API) content(w http.ResponseWriter, r *http.Request) {
	r.Pattern = intake.ContentRoot + "{token}/" // for logs and metrics
	if err := a.serveContent(w, r, chi.URLParam(r, "token")); err != nil {
		if errors.Is(err, vault.ErrDamaged) || errors.Is(err, blob.ErrNotFound) {
			err = domain.ErrNoAttachment
		}
		fail(w, r, err)
	}
}

func (a *API) serveContent(w http.ResponseWriter, r *http.Request, token string) error {
	account, number, err := a.fileTokens.Open(token)
	if err != nil {
		return domain.ErrNoAttachment
	}
	file, err := a.file(r, account, number, contentViewer)
	if err != nil {
		return err
	}
	content, err := a.openFile(r, file)
	if err != nil {
		return err
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", servedType(file.Type))
	h.Set("Content-Disposition", disposition(file.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Etag", `"`+a.tags.Tag([]byte("file"), binary.BigEndian.AppendUint64(nil, uint64(number)), file.Digest[:])+`"`)
	http.ServeContent(newPatient(w), r, "", time.Time{}, content)
	return nil
}

// openFile opens a file, and sees that its first bytes are there: then the answer can still
// say that they are not.
func (a *API) openFile(r *http.Request, file domain.Attachment) (io.ReadSeekCloser, error) {
	if file.Placeholder() {
		return struct {
			io.ReadSeeker
			io.Closer
		}{strings.NewReader(domain.PlaceholderContent), io.NopCloser(nil)}, nil
	}
	content := a.files.Open(r.Context(), file)
	var first [1]byte
	if _, err := io.ReadFull(content, first[:]); err != nil {
		return nil, errors.Join(err, content.Close())
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return content, nil
}

// servedType is the type that a browser is told: what might run there is just bytes.
func servedType(media string) string {
	switch media {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/zip":
		return media
	case "text/plain", "text/csv":
		return media + "; charset=utf-8"
	}
	return "application/octet-stream"
}

// disposition has a browser keep a file rather than show it (RFC 6266). Names have no
// quotes and no controls.
func disposition(name string) string {
	var ascii, encoded strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("._-", c) >= 0:
			ascii.WriteByte(c)
			encoded.WriteByte(c)
			continue
		case c == ' ':
			ascii.WriteByte(c)
		default:
			ascii.WriteByte('_')
		}
		const digits = "0123456789ABCDEF"
		encoded.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return `attachment; filename="` + ascii.String() + `"; filename*=UTF-8''` + encoded.String()
}

// A patient writer gives the other side time for each part of an answer, not for all of
// it.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
}

func newPatient(w http.ResponseWriter) *patient {
	return &patient{w, http.NewResponseController(w)}
}

// patience is for how long a part of a file may be on its way.
const patience = 30 * time.Second

func (p *patient) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(patience)) // else that of the server counts
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
