package v1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/commentd/commentd/httpapi/problem"
)

const mediaType = "application/json"

// openAPI makes the OpenAPI document of the operations, with its entity tag.
func openAPI() (document []byte, etag string) {
	document, err := json.Marshal(describe(operations))
	if err != nil {
		panic(fmt.Sprintf("v1: the OpenAPI document does not encode: %v", err))
	}
	return document, contentTag(document)
}

// getOpenAPI serves GET /v1/openapi.json.
func (a *API) getOpenAPI(w http.ResponseWriter, r *http.Request) error {
	document, etag := a.document()
	h := w.Header()
	h.Set("ETag", etag)
	h.Set("Cache-Control", cachePublic)
	if unchanged(w, r, etag) {
		return nil
	}
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(document)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(document) // a caller who has gone does not mind
	return nil
}

// describe makes the document. Schemas come from the types that the handlers
// decode into and answer with.
func describe(operations []operation) *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	refusal := schemas.Schema(reflect.TypeFor[problem.Problem](), true, "")
	document := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "commentd", Version: "1",
			Description: "Comments on helpdesk tickets. Whatever is refused is answered with problem details (RFC 9457), " +
				"whose code is one of: " + codes() + ".",
		},
		Components: &huma.Components{
			Schemas: schemas,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"api_key": {Type: "http", Scheme: "bearer", Description: "Authorization: Bearer API_KEY. The scopes that an operation asks for are listed with it."},
			},
		},
	}
	for _, op := range operations {
		document.AddOperation(op.describe(schemas, refusal))
	}
	return document
}

func codes() string {
	var names []string
	for _, code := range problem.Codes(0) {
		names = append(names, string(code))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (op *operation) describe(schemas huma.Registry, refusal *huma.Schema) *huma.Operation {
	d := &huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag},
		Summary: op.summary, Description: op.doc, Responses: make(map[string]*huma.Response),
		Security: []map[string][]string{},
	}
	if op.scope != 0 {
		d.Security = []map[string][]string{{"api_key": {op.scope.String()}}}
	}
	for _, name := range pathParameters(op.path) {
		schema := &huma.Schema{Type: huma.TypeString, Format: "uuid"}
		if name == "id" { // or a number
			schema = &huma.Schema{Type: huma.TypeString, Pattern: "^([0-9]+|[0-9A-Fa-f-]{36})$"}
		}
		d.Parameters = append(d.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: schema})
	}
	for _, p := range op.query {
		d.Parameters = append(d.Parameters, &huma.Param{Name: p.name, In: "query", Description: p.doc, Schema: p.schema})
	}
	for _, p := range op.headers {
		d.Parameters = append(d.Parameters, &huma.Param{Name: p.name, In: "header", Description: p.doc, Schema: p.schema})
	}
	if op.body != nil {
		d.RequestBody = &huma.RequestBody{
			Required: true, Content: map[string]*huma.MediaType{mediaType: {Schema: schemas.Schema(reflect.TypeOf(op.body), true, "")}},
		}
	}
	if op.takes != "" {
		d.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{op.takes: {Schema: anyBytes}}}
	}
	for _, answer := range op.answers {
		d.Responses[strconv.Itoa(answer.status)] = answer.describe(schemas)
	}
	if op.lines != nil {
		d.Responses[strconv.Itoa(op.answers[0].status)].Content[linesType] = &huma.MediaType{Schema: schemas.Schema(reflect.TypeOf(op.lines), true, "")}
	}
	if op.gives != "" {
		d.Responses[strconv.Itoa(op.answers[0].status)].Content = map[string]*huma.MediaType{op.gives: {Schema: anyBytes}}
	}
	if op.events != nil {
		d.Responses[strconv.Itoa(op.answers[0].status)].Content = map[string]*huma.MediaType{
			eventStreamType: {Schema: schemas.Schema(reflect.TypeOf(op.events), true, "")},
		}
	}
	for _, status := range op.statuses() {
		d.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + codesOf(status),
			Headers:     requestIDHeader(),
			Content:     map[string]*huma.MediaType{problem.MediaType: {Schema: refusal}},
		}
	}
	return d
}

// anyBytes is what any bytes are.
var anyBytes = &huma.Schema{Type: huma.TypeString, Format: "binary"}

// statuses are those of the problems that the operation may answer with.
func (op *operation) statuses() []int {
	statuses := append([]int{500}, op.refuses...)
	if op.scope != 0 {
		statuses = append(statuses, 400, 401, 403, 429, 503)
	}
	return statuses
}

func codesOf(status int) string {
	var names []string
	for _, code := range problem.Codes(status) {
		names = append(names, string(code))
	}
	slices.Sort(names)
	return strings.Join(names, " or ") + "."
}

func (an *answer) describe(schemas huma.Registry) *huma.Response {
	d := &huma.Response{Description: an.doc, Headers: requestIDHeader()}
	for _, name := range an.headers {
		name, optional := strings.CutSuffix(name, "?")
		p := responseHeaders[name]
		d.Headers[name] = &huma.Header{Description: p.doc, Required: !optional && !optionalHeaders[name], Schema: p.schema}
	}
	if an.body != nil {
		schema := schemas.Schema(reflect.TypeOf(an.body), true, "")
		schema.Nullable = false // an empty list is a list
		d.Content = map[string]*huma.MediaType{mediaType: {Schema: schema}}
	}
	return d
}

func requestIDHeader() map[string]*huma.Param {
	return map[string]*huma.Param{problem.RequestIDHeader: {
		Description: "Names the exchange in the logs: the caller's own X-Request-Id if it is fit for that.",
		Required:    true, Schema: text(1, 128),
	}}
}

// pathParameters returns the names in braces.
func pathParameters(path string) (names []string) {
	for _, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

// OpenAPI returns the OpenAPI 3.1 document of this API as JSON.
func OpenAPI() []byte {
	document, _ := openAPI()
	return document
}
