package zendesk

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
)

// redactAttachment serves PUT and DELETE
// /tickets/{ticket_id}/comments/{comment_id}/attachments/{attachment_id}/redact. It shows
// the file as it was.
func (a *API) redactAttachment(c *call) error {
	settings, err := a.permitted(c, false)
	if err != nil {
		return err
	}
	if _, err := c.body(); err != nil {
		return err
	}
	number, err := c.number("attachment_id")
	if err != nil {
		return err
	}
	ticket, comment, err := a.comment(c)
	if err != nil {
		return err
	}
	found, err := a.threads.GetWhole(c.Context(), c.caller.Account, ticket, comment, c.caller.Actor())
	if err != nil {
		return err
	}
	file, ok := find(attachmentsOf(&found), number)
	if !ok {
		return errNotFound
	}
	cmd := domain.RedactComment{
		Account: c.caller.Account, Ticket: ticket, Comment: comment, By: c.caller.By(), Mask: settings.Mask,
		Hide: domain.Redaction{Attachments: []int64{number}}, OnlyOpen: true,
	}
	if cmd.Audit, err = a.draw(c.Context(), cmd.Account); err != nil {
		return err
	}
	if _, err := a.store.Execute(c.Context(), cmd, nil); err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"attachment", a.cabinet(c).attachment(file)}})
}

var errFileURLs = invalid("external_attachment_urls",
	detail{"External attachment urls: must be those of attachments of the comment", "InvalidValue"})

// namedFiles returns the numbers of the files of a comment that a redaction names: by
// their addresses, all of which must be theirs, and by marked images in the html, of
// which others may be of anywhere.
func (a *API) namedFiles(c *call, body object, markedHTML string, files []domain.Attachment) ([]int64, error) {
	var addresses []string
	if v, ok := body.given("external_attachment_urls"); ok && json.Unmarshal(v, &addresses) != nil {
		return nil, c.attribute("external_attachment_urls", "an array of strings")
	}
	var numbers []int64
	shelf := a.cabinet(c)
	for _, address := range addresses {
		number, ok := shelf.numberAt(address)
		if _, there := find(files, number); !ok || !there {
			return nil, errFileURLs
		}
		numbers = append(numbers, number)
	}
	if markedHTML == "" {
		return numbers, nil
	}
	for _, address := range domain.MarkedImages(markedHTML) {
		number, ok := shelf.numberAt(address)
		if _, there := find(files, number); ok && there {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}
