package imports

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An id is an integer of Zendesk's, which stands in quotes in some places. 0: there is none.
type id int64

// nobody is who did what no user did.
const nobody id = -1

// UnmarshalJSONFrom reads a number, a number in quotes, or null.
func (n *id) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case 'n':
		*n = 0
		return nil
	case '0', '"':
		v, err := strconv.ParseInt(token.String(), 10, 64)
		if err == nil && v >= int64(nobody) {
			*n = id(v)
			return nil
		}
	}
	return errors.New("not an id")
}

// The shapes of what Zendesk exports, as far as it is asked for. See contract §5, §9 and §10;
// members that nobody asks for may be anything.
type (
	userShape struct {
		ID        id        `json:"id"`
		Name      string    `json:"name"`
		Email     string    `json:"email"`
		Role      string    `json:"role"`
		Active    *bool     `json:"active"`
		Suspended bool      `json:"suspended"`
		CreatedAt time.Time `json:"created_at"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	ticketShape struct {
		ID          id             `json:"id"`
		Subject     *string        `json:"subject"`
		Status      string         `json:"status"`
		RequesterID id             `json:"requester_id"`
		SubmitterID id             `json:"submitter_id"`
		Requester   *userShape     `json:"requester"`
		Submitter   *userShape     `json:"submitter"`
		Assignee    *userShape     `json:"assignee"`
		CreatedAt   time.Time      `json:"created_at"`
		UpdatedAt   time.Time      `json:"updated_at"`
		Via         jsontext.Value `json:"via"`
		Comments    []childShape   `json:"comments"`
		Audits      []auditShape   `json:"audits"`
	}
	auditShape struct {
		ID        id             `json:"id"`
		TicketID  id             `json:"ticket_id"`
		CreatedAt time.Time      `json:"created_at"`
		AuthorID  id             `json:"author_id"`
		Via       jsontext.Value `json:"via"`
		Metadata  metadataShape  `json:"metadata"`
		Events    []childShape   `json:"events"`
	}
	eventShape struct {
		ID        id             `json:"id"`
		TicketID  id             `json:"ticket_id"`
		CreatedAt time.Time      `json:"created_at"`
		UpdaterID id             `json:"updater_id"`
		Via       jsontext.Value `json:"via"`
		Metadata  metadataShape  `json:"metadata"`
		System    systemShape    `json:"system"`
		Children  []childShape   `json:"child_events"`
	}
	metadataShape struct {
		System systemShape               `json:"system"`
		Custom jsontext.Value            `json:"custom"`
		Flags  []int                     `json:"flags"`
		Told   map[string]jsontext.Value `json:"flags_options"`
	}
	systemShape struct {
		Client string `json:"client"`
		IP     string `json:"ip_address"`
	}
	// childShape is something that a write brought about, in either form, or a comment of a
	// ticket.
	childShape struct {
		ID        id                        `json:"id"`
		Type      string                    `json:"type"`
		EventType string                    `json:"event_type"`
		FieldName string                    `json:"field_name"`
		Value     jsontext.Value            `json:"value"`
		AuthorID  *id                       `json:"author_id"`
		Body      *string                   `json:"body"`
		HTML      *string                   `json:"html_body"`
		Public    *bool                     `json:"public"`
		Files     []fileShape               `json:"attachments"`
		Via       jsontext.Value            `json:"via"`
		Data      jsontext.Value            `json:"data"`
		Metadata  metadataShape             `json:"metadata"`
		CreatedAt time.Time                 `json:"created_at"`
		Others    map[string]jsontext.Value `json:",embed"`
	}
	fileShape struct {
		ID      id     `json:"id"`
		Name    string `json:"file_name"`
		At      string `json:"content_url"`
		Mapped  string `json:"mapped_content_url"`
		Inline  bool   `json:"inline"`
		Deleted bool   `json:"deleted"`
	}
)

// readShape reads a record into a shape. The error says where it is not what it should be, but
// not what stands there.
func readShape(r record, into any) error {
	err := json.Unmarshal(r.value, into)
	var wrong *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.JSONPointer != "":
		return errors.New("not of the form that it should have, at " + plainPointer(string(wrong.JSONPointer)))
	case errors.As(err, &wrong):
		return errors.New("not of the form that it should have")
	}
	return errors.New("names occur twice, or texts are not UTF-8")
}

// plainPointer is a JSON pointer of names that are Zendesk's.
func plainPointer(pointer string) string {
	if len(pointer) > 100 || strings.Trim(pointer, "/_abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return "a member of another name"
	}
	return pointer
}
