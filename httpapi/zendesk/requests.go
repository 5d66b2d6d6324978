package zendesk

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/projections/threads"
)

// A request is a ticket as its requester sees it (contract §11): what is internal
// leaves no trace in it. Agents who ask are shown the same.

// remark is a public comment of a request.
type remark struct {
	ID          int64        `json:"id"`
	Type        string       `json:"type"`
	RequestID   int64        `json:"request_id"`
	Body        string       `json:"body"`
	HTMLBody    string       `json:"html_body"`
	PlainBody   string       `json:"plain_body"`
	Public      bool         `json:"public"`
	AuthorID    int64        `json:"author_id"`
	Attachments []attachment `json:"attachments"`
	CreatedAt   stamp        `json:"created_at"`
}

func (r roster) remark(request int64, c *threads.Comment, files cabinet) remark {
	body := bodyOf(c)
	return remark{
		ID: c.Number, Type: typeOf(&body), RequestID: request, Body: body.Text, HTMLBody: body.HTMLBody(), PlainBody: body.PlainBody(),
		Public: true, AuthorID: r.number(c.Author.ID), Attachments: files.attached(body.Attachments, false), CreatedAt: stamp(c.CreatedAt),
	}
}

// speaker is a user as end users see one: of an agent they learn the name.
type speaker struct {
	ID             int64   `json:"id"`
	Name           string  `json:"name"`
	Photo          *string `json:"photo"`
	Agent          bool    `json:"agent"`
	OrganizationID *int64  `json:"organization_id"`
}

func speakersOf(users []directory.User) []speaker {
	shown := make([]speaker, len(users))
	for i, u := range users {
		shown[i] = speaker{ID: u.Number, Name: u.Name, Agent: u.Role != directory.RoleCustomer}
	}
	return shown
}

// getRemark serves GET /requests/{request_id}/comments/{comment_id}.
func (a *API) getRemark(c *call) error {
	request, err := c.number("request_id")
	if err != nil {
		return err
	}
	number, err := c.number("comment_id")
	if err != nil {
		return err
	}
	ticket, err := a.ticket(c, "request_id")
	if err != nil {
		return err
	}
	id, err := a.threads.CommentByNumber(c.Context(), c.caller.Account, c.caller.Actor(), ticket, number)
	if err != nil {
		return err
	}
	found, err := a.threads.GetWhole(c.Context(), c.caller.Account, ticket, id, c.caller.Actor())
	if err != nil {
		return err
	}
	if !found.Public { // an agent asks
		return errNotFound
	}
	people, err := a.roster(c.Context(), c.caller.Account, []domain.UserID{found.Author.ID})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ordered{{"comment", people.remark(request, &found, a.cabinet(c))}})
}

// request is a ticket as its requester sees it.
type request struct {
	ID            int64          `json:"id"`
	URL           string         `json:"url"`
	Subject       jsontext.Value `json:"subject"`
	Description   string         `json:"description"`
	Status        domain.Status  `json:"status"`
	Priority      *string        `json:"priority"`
	Type          *string        `json:"type"`
	RequesterID   *int64         `json:"requester_id"`
	Organization  *int64         `json:"organization_id"`
	Collaborators nothing        `json:"collaborator_ids"`
	CustomFields  nothing        `json:"custom_fields"`
	DueAt         *stamp         `json:"due_at"`
	Solved        bool           `json:"solved"`
	CanSolve      bool           `json:"can_be_solved_by_me"`
	Via           via            `json:"via"`
	CreatedAt     stamp          `json:"created_at"`
	UpdatedAt     stamp          `json:"updated_at"`
}

func (c *call) requestOf(s *sight) request {
	over := s.Status == domain.StatusSolved || s.Status == domain.StatusClosed
	return request{
		ID: s.Number, URL: c.base + "/requests/" + strconv.FormatInt(s.Number, 10) + ".json", Subject: s.SubjectJSON,
		Description: s.description(), Status: s.Status, RequesterID: s.people.numberOrNull(s.requester),
		Solved: over, CanSolve: !over, Via: viaOf(s.channel(), nil), CreatedAt: stamp(s.OpenedAt), UpdatedAt: stamp(s.UpdatedAt),
	}
}
