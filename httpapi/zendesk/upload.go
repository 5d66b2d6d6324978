package zendesk

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/intake"
)

// uploading is for how long a file may be on its way, however well it goes.
const uploading = 10 * time.Minute

// A parcel is what an upload brings: the file, its name, and the token of an upload that
// it is to join, "" if it is the first of one.
type parcel struct {
	name, token string
	file        *domain.Attachment // stored already; nil: there was none
}

// createUpload serves POST /uploads.
func (a *API) createUpload(c *call) error {
	settings, err := a.people.Settings(c.Context(), c.caller.Account)
	if err != nil {
		return err
	}
	limit := settings.MaxAttachment()
	given := c.URL.Query()
	p := parcel{name: given.Get("filename"), token: given.Get("token")}
	if err = a.receive(c, &p, limit); err == nil {
		err = a.keep(c, &p)
	}
	if p.file != nil { // nobody knows of it
		a.files.Forget(c.Context(), *p.file)
	}
	return uploadRefusal(err, limit)
}

// uploadRefusal returns what is said of a file that is not taken.
func uploadRefusal(err error, limit int64) error {
	size := detail{Description: "Size Size is not included in the list (1.." + strconv.FormatInt(limit, 10) + ")"}
	details := recordInvalid{"RecordInvalid", "Record validation errors", map[string][]detail{"size": {size}}}
	switch {
	case errors.Is(err, intake.ErrEmpty):
		return refuse(http.StatusUnprocessableEntity, details)
	case errors.Is(err, intake.ErrTooLarge):
		return refuse(http.StatusRequestEntityTooLarge, details)
	case errors.Is(err, errBrokenOff):
		return refuse(http.StatusBadRequest, named{"AttachmentUnprocessable", "The file did not arrive as a whole"})
	}
	return err
}

// keep notes the file of a parcel as part of an upload, and shows that.
func (a *API) keep(c *call, p *parcel) error {
	switch p.name = domain.FileName(p.name); {
	case p.name == "":
		return c.attribute("filename", "a string")
	case p.file == nil:
		return intake.ErrEmpty
	}
	intake.Name(p.file, p.name)
	u, file, err := a.join(c, p)
	if err != nil {
		return err
	}
	p.file = nil // which is the upload's from here on
	up, err := a.files.Uploaded(c.Context(), u)
	if err != nil {
		return err
	}
	shown := a.cabinet(c)
	answer := ordered{
		{"token", u.Token.String()}, {"expires_at", stamp(up.ExpiresAt)},
		{"attachments", shown.attached(up.Files, true)}, {"attachment", shown.attachment(file)},
	}
	c.w.Header().Set("Location", shown.attachment(file).URL)
	return c.reply(http.StatusCreated, ordered{{"upload", answer}})
}

// join begins an upload with the file of a parcel, or adds it to the one that it names.
func (a *API) join(c *call, p *parcel) (files.Upload, domain.Attachment, error) {
	if p.token == "" {
		return a.files.Begin(c.Context(), c.caller.Account, c.caller.UserID, *p.file)
	}
	token, err := vault.ParseUploadToken(p.token)
	if err != nil {
		return files.Upload{}, domain.Attachment{}, domain.ErrUploads
	}
	u := files.Upload{Account: c.caller.Account, Uploader: c.caller.UserID, Token: token}
	up, err := a.files.Uploaded(c.Context(), u)
	if err == nil && len(up.Files) >= domain.MaxAttachments {
		err = domain.ErrTooManyAttachments
	}
	if err != nil {
		return u, domain.Attachment{}, err
	}
	file, err := a.files.Add(c.Context(), u, *p.file)
	return u, file, err
}

// errBrokenOff: the body of the request is not what it should be, or has not come.
var errBrokenOff = errors.New("the body has broken off")

// receive stores the file that a request brings: its body or, if that is a form, the part
// uploaded_data. Nothing of it is kept in memory.
func (a *API) receive(c *call, p *parcel, limit int64) error {
	media, parameters, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	form := err == nil && media == "multipart/form-data" && parameters["boundary"] != ""
	overhead := int64(0)
	if form {
		overhead = formOverhead
	}
	if c.ContentLength > limit+overhead {
		return intake.ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(c.Context(), uploading)
	defer cancel()
	body := &patientBody{body: http.MaxBytesReader(c.w, c.Body, limit+formOverhead), control: http.NewResponseController(c.w)}
	defer body.done()
	if !form {
		return a.take(ctx, p, body, limit)
	}
	return a.unpack(ctx, p, multipart.NewReader(body, parameters["boundary"]), limit)
}

func (a *API) take(ctx context.Context, p *parcel, src io.Reader, limit int64) error {
	file, err := a.intake.File(ctx, src, limit)
	if err == nil {
		p.file = &file
	}
	return err
}

const (
	// formOverhead is how much a form may have around the file.
	formOverhead = 64 << 10
	// maxField is how long a field of a form may be.
	maxField = 4 << 10
)

// unpack reads the parts of a form as they come. What the query says comes before what
// the form says, and the name that a field gives before that of the file itself.
func (a *API) unpack(ctx context.Context, p *parcel, form *multipart.Reader, limit int64) error {
	fileName := ""
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			if p.name == "" {
				p.name = fileName
			}
			return nil
		case err != nil:
			return errBrokenOff
		}
		switch name := part.FormName(); {
		case name == "uploaded_data" && p.file == nil:
			fileName = part.FileName()
			err = a.take(ctx, p, whole{part}, limit)
		case name == "filename" && p.name == "":
			p.name, err = field(part)
		case name == "token" && p.token == "":
			p.token, err = field(part)
		}
		if err != nil {
			return err
		}
	}
}

// whole is a part of a form, which may break off.
type whole struct{ *multipart.Part }

func (w whole) Read(b []byte) (int, error) {
	n, err := w.Part.Read(b)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, intake.ErrTooLarge) {
		return n, err
	}
	return n, errBrokenOff
}

func field(part *multipart.Part) (string, error) {
	text, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil || len(text) > maxField {
		return "", errBrokenOff
	}
	return string(text), nil
}

// A patientBody gives the other side time for each part of a body, and the answer time
// of its own.
type patientBody struct {
	body    io.Reader
	control *http.ResponseController
}

func (p *patientBody) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(patience)) // else that of the server counts
	n, err := p.body.Read(b)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	case errors.As(err, &tooLarge):
		return n, intake.ErrTooLarge
	}
	return n, errBrokenOff
}

func (p *patientBody) done() { _ = p.control.SetWriteDeadline(time.Now().Add(patience)) }

// deleteUpload serves DELETE /uploads/{token}. Its body, if there is any, says nothing.
func (a *API) deleteUpload(c *call) error {
	token, err := vault.ParseUploadToken(c.params.URLParam("token"))
	if err == nil {
		err = a.files.Drop(c.Context(), files.Upload{Account: c.caller.Account, Uploader: c.caller.UserID, Token: token})
	}
	if errors.Is(err, vault.ErrUploadToken) || errors.Is(err, domain.ErrUploads) {
		return errNotFound
	}
	if err == nil {
		c.w.Header().Set("Cache-Control", "private, no-store")
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
