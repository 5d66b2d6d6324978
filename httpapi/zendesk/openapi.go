package zendesk

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPI []byte

// getOpenAPI serves GET /openapi.json, to anybody.
func (a *API) getOpenAPI(c *call) error {
	send(c.w, http.StatusOK, openAPI)
	return nil
}
