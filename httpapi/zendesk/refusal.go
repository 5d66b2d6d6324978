package zendesk

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/problem"
)

// A refusal is an answer that says no, in one of the shapes that clients know (contract
// §3). None of them repeats what a caller submitted.
type refusal struct {
	status     int
	body       []byte
	retryAfter string // "": not said. One client waits wherever it is
}

func (r *refusal) Error() string { return "refused with status " + strconv.Itoa(r.status) }

// refuse returns a refusal with v as its body.
func refuse(status int, v any) *refusal {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("zendesk: a struct of strings does not encode")
	}
	return &refusal{status: status, body: body}
}

type (
	named struct {
		Error       string `json:"error"`
		Description string `json:"description"`
	}
	titled struct {
		Error title `json:"error"`
	}
	title struct {
		Title   string `json:"title"`
		Message string `json:"message"`
	}
	recordInvalid struct {
		Error       string              `json:"error"`
		Description string              `json:"description"`
		Details     map[string][]detail `json:"details"`
	}
	detail struct {
		Description string `json:"description"`
		Error       string `json:"error,omitzero"`
	}
	listed struct {
		Errors []listedError `json:"errors"`
	}
	listedError struct {
		Code   string `json:"code"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
)

// What is refused in the same words always.
var (
	errAuth = refuse(http.StatusUnauthorized, struct {
		Error string `json:"error"`
	}{"Couldn't authenticate you"})
	errForbidden = refuse(http.StatusForbidden, titled{title{"Forbidden",
		"You do not have access to this page. Please contact the account owner of this help desk for further help."}})
	errNotFound  = refuse(http.StatusNotFound, named{"RecordNotFound", "Not found"})
	errRoute     = refuse(http.StatusNotFound, named{"InvalidEndpoint", "Not found"})
	errClosed    = invalid("status", detail{Description: "Status: closed prevents ticket update"})
	errBlank     = invalid("base", detail{"Description: cannot be blank", "BlankValue"})
	errHold      = invalid("base", detail{"Ticket: is under legal hold", "LegalHold"})
	errFull      = invalid("base", detail{"Ticket: cannot have more than 5000 comments", "TooManyComments"})
	errRedaction = refuse(http.StatusBadRequest, named{"InvalidRedaction", "Text not found in comment"})
	errMarks     = invalid("html_body", detail{"Html body: must be that of the comment with nothing but marks added", "InvalidValue"})
	errReused    = refuse(http.StatusBadRequest, named{"IdempotentRequestError", "Request parameters don't match the given idempotency key"})
	errUploads   = invalid("uploads", detail{"Uploads: is invalid", "InvalidValue"})
	errEmail     = invalid("email", detail{"Email: is already being used by another user", "DuplicateValue"})
	errQuota     = invalid("uploads", detail{"Uploads: are too many that wait to be attached: attach or delete others first", "TooManyValues"})
	errManyFiles = invalid("uploads", detail{"Uploads: cannot be more than 100 files", "TooManyValues"})
	errStale     = refuse(http.StatusConflict, named{"UpdateConflict",
		"Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again."})
	errCollision = refuse(http.StatusConflict, named{"DatabaseConflict", "Database collision"})
	errJSON      = refuse(http.StatusUnprocessableEntity, struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}{"Unprocessable Entity", "Server could not parse JSON"})
	errTooLarge = refuse(http.StatusRequestEntityTooLarge, named{"RequestEntityTooLarge", "The body must not be longer than 1 MiB"})
	errMany     = refuse(http.StatusBadRequest, struct {
		Error       string `json:"error"`
		Description string `json:"description"`
		MaxCount    int    `json:"max_count"`
	}{"TooManyValues", "Parameter  cannot specify more than 100 values", maxMany})
	errPage = refuse(http.StatusBadRequest, listed{[]listedError{{"InvalidPaginationParameter", "Invalid pagination parameter",
		"page[after] and page[before] must be cursors of this list, and exclude each other"}}})
	errDepth = refuse(http.StatusBadRequest, listed{[]listedError{{"InvalidPaginationDepth",
		"Pagination requests using Offset Pagination are limited to page 100 or up to 10000 records (page * per_page)",
		"Use cursor pagination: page[size]"}}})
)

// invalid is the refusal of a record of which one field is wrong.
func invalid(field string, why ...detail) *refusal {
	return invalidRecord(map[string][]detail{field: why})
}

func invalidRecord(details map[string][]detail) *refusal {
	return refuse(http.StatusUnprocessableEntity, recordInvalid{"RecordInvalid", "Record validation errors", details})
}

// missingRoot is the refusal of a body without the object that it is to be about.
func missingRoot(root string) *refusal {
	return invalid(root, detail{"param is missing or the value is empty or invalid: " + root, "ParameterMissing"})
}

// attribute is the refusal of a parameter that is of the wrong type or form, in an
// operation that is known as action.
func attribute(name, must, action string) *refusal {
	return refuse(http.StatusBadRequest, titled{title{"Invalid attribute",
		"You passed an invalid value for the " + name + " attribute. Invalid parameter: " + name + " must be " + must + " from api/v2/" + action}})
}

// shapes is how the codes of package problem read here.
var shapes = map[problem.Code]*refusal{
	problem.Unauthorized: errAuth, problem.Forbidden: errForbidden, problem.NotFound: errNotFound,
	problem.TicketClosed: errClosed, problem.LegalHold: errHold, problem.KeyReused: errReused,
	problem.VersionConflict: errCollision, problem.PayloadTooLarge: errTooLarge,
}

// shaped returns the answer to an error that has a shape of its own here, nil if it has
// none.
func shaped(err error) *refusal {
	var own *refusal
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, auth.ErrNoUser):
		return errForbidden
	case errors.Is(err, domain.ErrTextNotFound), errors.Is(err, domain.ErrNothingToRedact):
		return errRedaction
	case errors.Is(err, domain.ErrMarks):
		return errMarks
	case errors.Is(err, domain.ErrTicketChanged):
		return errStale
	case errors.Is(err, domain.ErrTicketFull):
		return errFull
	case errors.Is(err, domain.ErrChatActive):
		return errChatActive
	case errors.Is(err, domain.ErrNoChatEntry):
		return errNoMessage
	case errors.Is(err, domain.ErrUploads):
		return errUploads
	case errors.Is(err, domain.ErrUploadQuota):
		return errQuota
	case errors.Is(err, directory.ErrEmailTaken):
		return errEmail
	case errors.Is(err, domain.ErrTooManyAttachments):
		return errManyFiles
	case errors.Is(err, domain.ErrNoAttachment):
		return errNotFound
	}
	return nil
}

// from returns the answer to a problem.
func from(p problem.Problem) *refusal {
	if shape := shapes[p.Code]; shape != nil {
		return shape
	}
	if len(p.Errors) > 0 {
		details := make(map[string][]detail, len(p.Errors))
		for _, wrong := range p.Errors {
			details[wrong.Field] = append(details[wrong.Field], detail{wrong.Field + ": " + wrong.Message, "InvalidValue"})
		}
		return invalidRecord(details)
	}
	other := refuse(p.Status, named{p.Title, p.Detail})
	other.retryAfter = p.RetryAfter()
	return other
}

// fail answers with what err has become.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var exhausted *exhaustedError
	if errors.As(err, &exhausted) {
		w.Header().Set("X-Rate-Limit-Remaining", "0")
		TooMany(w, r, exhausted.wait)
		return
	}
	answer := shaped(err)
	if answer == nil {
		answer = from(problem.Report(w, r, err))
	}
	h := w.Header()
	h.Del("Location") // of the answer that was not to be
	if answer.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="Web Password"`)
	}
	if answer.retryAfter != "" {
		h.Set("Retry-After", answer.retryAfter)
	}
	send(w, answer.status, answer.body)
}
