package zendesk_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/httpapi/zendesk"
)

// document is the OpenAPI document as another implementation reads it.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := document()
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// validating fails the test on every response that the OpenAPI document does not
// allow.
type validating struct {
	t    testing.TB
	next http.RoundTripper
}

func (v validating) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := v.next.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, "/api/v2/") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err := validate(r, resp.StatusCode, resp.Header, body); err != nil {
		v.t.Errorf("%s %s = %d %s: %v", r.Method, r.URL, resp.StatusCode, body, err)
	}
	if waits := resp.Header.Get("Retry-After") != ""; waits != (resp.StatusCode == 429 || resp.StatusCode == 503) {
		v.t.Errorf("%s %s = %d with Retry-After: %t", r.Method, r.URL, resp.StatusCode, waits)
	}
	return resp, nil
}

func validate(r *http.Request, status int, h http.Header, body []byte) error {
	router, err := router()
	if err != nil {
		return err
	}
	documented := r.Clone(r.Context())
	if r.Method == http.MethodHead { // as GET, without the body
		documented.Method = http.MethodGet
	}
	path := strings.TrimPrefix(strings.TrimSuffix(r.URL.Path, ".json"), "/api/v2")
	path = "/api/v2" + strings.TrimPrefix(path, "/api/v2")
	if path == "/api/v2/openapi" {
		path += ".json"
	}
	documented.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
	route, parameters, err := router.FindRoute(documented)
	if err != nil {
		// What is not in the document is not served. The router knows no escaped slashes.
		if status == 404 || status == 401 || strings.Contains(r.URL.EscapedPath(), "%2F") {
			return nil
		}
		return err
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: documented, Route: route, PathParams: parameters},
		Status:                 status, Header: h,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: r.Method == http.MethodHead},
	}
	input.SetBodyBytes(body)
	return openapi3filter.ValidateResponse(r.Context(), input)
}

// TestOpenAPIIsServed: to anybody, as the file is; and every operation is in it, with
// its path and method, and nothing else.
func TestOpenAPIIsServed(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	a := newStack(t).account("acme", directory.Settings{})
	if r := a.must(200, "nobody", "GET", "/api/v2/openapi.json", ""); !bytes.Equal(r.body, text) {
		t.Error("what is served is not the file")
	}
	documented := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	for _, served := range zendesk.Served() {
		if !documented[served] {
			t.Errorf("%s is not documented", served)
		}
		delete(documented, served)
	}
	for left := range documented {
		t.Errorf("%s is documented, and not served", left)
	}
}
