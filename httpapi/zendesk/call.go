package zendesk

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// A call is a request for an operation, by somebody who is known.
type call struct {
	*http.Request
	w      http.ResponseWriter
	op     *operation
	params *chi.Context
	caller auth.Principal
	base   string // "https://host/api/v2"
}

// number returns a parameter of the path, which is to be an integer. One that is too
// large to be the number of anything is 0: that is the number of nothing, either.
func (c *call) number(name string) (int64, error) {
	text := c.params.URLParam(name)
	if !isInteger(text) {
		return 0, c.attribute(name, "an integer")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, nil
	}
	return n, nil
}

// isInteger reports whether a text is digits, behind a minus or not: also of a number that
// is too large for any type.
func isInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// attribute is the refusal of a parameter of this operation.
func (c *call) attribute(name, must string) *refusal { return attribute(name, must, c.op.action) }

// allowed checks that the caller may ask for the operation.
func (c *call) allowed() error {
	if c.op.scopes == 0 {
		return nil
	}
	if c.caller.Scopes&c.op.scopes == 0 || c.op.also != 0 && !c.caller.Has(c.op.also) || !c.op.who.has(&c.caller) {
		return errForbidden
	}
	return nil
}

// has reports whether somebody is of the circle.
func (who circle) has(p *auth.Principal) bool {
	switch who {
	case anyone:
		return true
	case agents:
		return p.MaySeeInternal()
	case admins:
		return p.MaySeeInternal() && p.Role == directory.RoleAdmin
	}
	return false
}

// includes reports whether the query string asks for a side-load.
func (c *call) includes(what string) bool {
	for _, value := range c.URL.Query()["include"] {
		for name := range strings.SplitSeq(value, ",") {
			if strings.TrimSpace(name) == what {
				return true
			}
		}
	}
	return false
}
