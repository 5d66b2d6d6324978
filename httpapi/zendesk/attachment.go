package zendesk

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/intake"
	"github.com/commentd/commentd/projections/threads"
)

// attachment is a file as it is shown (contract §5.2): these members, in this order.
type attachment struct {
	URL               string       `json:"url"`
	ID                int64        `json:"id"`
	FileName          string       `json:"file_name"`
	ContentURL        string       `json:"content_url"`
	MappedContentURL  string       `json:"mapped_content_url"`
	ContentType       string       `json:"content_type"`
	Size              int64        `json:"size"`
	Width             *int         `json:"width"`
	Height            *int         `json:"height"`
	Inline            bool         `json:"inline"`
	Deleted           bool         `json:"deleted"`
	MalwareOverride   bool         `json:"malware_access_override"`
	MalwareScanResult string       `json:"malware_scan_result"`
	Thumbnails        []attachment `json:"thumbnails"`
}

// A cabinet shows the files of an account.
type cabinet struct {
	tokens  *vault.FileTokens
	account domain.AccountID
	base    string // "https://host/api/v2"
}

func (a *API) cabinet(c *call) cabinet { return cabinet{a.fileTokens, c.caller.Account, c.base} }

// attached shows the files of a comment. The e-mail that it came from is none of them;
// those in its text are if inline is true.
func (f cabinet) attached(files []domain.Attachment, inline bool) []attachment {
	shown := []attachment{}
	for _, a := range files {
		if !a.Original && (inline || !a.Inline) {
			shown = append(shown, f.attachment(a))
		}
	}
	return shown
}

func (f cabinet) attachment(a domain.Attachment) attachment {
	at := f.address(a)
	shown := attachment{
		URL: f.base + "/attachments/" + strconv.FormatInt(a.Number, 10) + ".json", ID: a.Number, FileName: a.Name,
		ContentURL: at, MappedContentURL: at, ContentType: a.Type, Size: a.Size, Width: pixels(a.Width), Height: pixels(a.Height),
		Inline: a.Inline, MalwareScanResult: "not_scanned", Thumbnails: make([]attachment, len(a.Thumbnails)),
	}
	for i, t := range a.Thumbnails {
		shown.Thumbnails[i] = f.attachment(t)
	}
	return shown
}

func pixels(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// address is where the content of a file is to be had. It is the same before a comment
// attaches the file and after.
func (f cabinet) address(a domain.Attachment) string {
	return intake.Address(strings.TrimSuffix(f.base, root), f.tokens, f.account, a)
}

// numberAt returns the number of the file that an address leads to, or false if it is the
// address of no file of the account. By which name a caller reaches this service does not
// count.
func (f cabinet) numberAt(address string) (int64, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return 0, false
	}
	token, ok := strings.CutPrefix(u.Path, intake.ContentRoot)
	if !ok {
		return 0, false
	}
	account, number, err := f.tokens.Open(strings.TrimSuffix(token, "/"))
	return number, err == nil && account == f.account
}

// markInline notes which files of a text are shown in it.
func (f cabinet) markInline(text *domain.Text) {
	inside := map[int64]bool{}
	for _, address := range domain.Images(text.HTML) {
		if number, ok := f.numberAt(address); ok {
			inside[number] = true
		}
	}
	for i := range text.Attachments {
		text.Attachments[i].Inline = inside[text.Attachments[i].Number]
	}
}

// find returns the file with a number, which may be a thumbnail. The e-mail that a
// comment came from is not found.
func find(files []domain.Attachment, number int64) (domain.Attachment, bool) {
	for _, a := range files {
		if a.Original {
			continue
		}
		if a.Number == number {
			return a, true
		}
		if t, ok := find(a.Thumbnails, number); ok {
			return t, true
		}
	}
	return domain.Attachment{}, false
}

// getAttachment serves GET /attachments/{attachment_id}.
func (a *API) getAttachment(c *call) error {
	number, err := c.number("attachment_id")
	if err != nil {
		return err
	}
	file, err := a.file(c.Request, c.caller.Account, number, c.caller.Actor())
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"attachment", a.cabinet(c).attachment(file)}})
}

// file returns a file that is attached to a comment, or was sent in a chat, which the
// viewer may see.
func (a *API) file(r *http.Request, account domain.AccountID, number int64, viewer domain.Actor) (domain.Attachment, error) {
	ticket, comment, err := a.files.Locate(r.Context(), account, number)
	if err != nil {
		return domain.Attachment{}, err
	}
	files, err := a.filesAt(r, account, ticket, comment, viewer)
	if err != nil {
		return domain.Attachment{}, err
	}
	file, ok := find(files, number)
	if !ok {
		return domain.Attachment{}, domain.ErrNoAttachment
	}
	return file, nil
}

// filesAt returns the files of a comment, or of the chat with that id.
func (a *API) filesAt(r *http.Request, account domain.AccountID, ticket domain.TicketID, id domain.CommentID, viewer domain.Actor) ([]domain.Attachment, error) {
	comment, err := a.threads.GetWhole(r.Context(), account, ticket, id, viewer)
	if !errors.Is(err, domain.ErrNotFound) {
		return attachmentsOf(&comment), err
	}
	chat, err := a.threads.Chat(r.Context(), account, ticket, domain.ChatID(id), viewer)
	if errors.Is(err, domain.ErrChatNotFound) {
		return nil, domain.ErrNoAttachment
	}
	var files []domain.Attachment
	for i := range chat.Entries {
		if file, ok := chat.Entries[i].File(); ok {
			files = append(files, file)
		}
	}
	return files, err
}

func attachmentsOf(c *threads.Comment) []domain.Attachment { return bodyOf(c).Attachments }
