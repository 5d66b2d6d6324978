package v1_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/commentd/commentd/httpapi"
	"github.com/commentd/commentd/httpapi/directory"
	v1 "github.com/commentd/commentd/httpapi/v1"
)

// document is the OpenAPI document as another implementation reads it.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(v1.OpenAPI())
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

const linesType = "application/x-ndjson"

func init() { openapi3filter.RegisterBodyDecoder(linesType, openapi3filter.JSONBodyDecoder) } // of each line

// validating fails the test on every response that the OpenAPI document does not
// allow.
type validating struct {
	t    testing.TB
	next http.RoundTripper
}

func (v validating) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := v.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	values := [][]byte{body}
	if resp.Header.Get("Content-Type") == linesType {
		values = bytes.SplitAfter(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	}
	for _, value := range values {
		if err := validate(r, resp.StatusCode, resp.Header, value); err != nil {
			v.t.Errorf("%s %s = %d %s: %v", r.Method, r.URL, resp.StatusCode, value, err)
		}
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
	route, parameters, err := router.FindRoute(documented)
	if err != nil {
		// What is not in the document is not served; an empty id is refused as an id.
		if status == 404 || status == 405 || status == 400 && strings.Contains(r.URL.Path, "//") || status == 204 && r.Method == http.MethodOptions {
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

// TestOpenAPIIsValid: by the measure of another implementation, and unchanged but
// where somebody has looked.
func TestOpenAPIIsValid(t *testing.T) {
	if _, err := document(); err != nil {
		t.Fatal(err)
	}
	pretty := jsontext.Value(v1.OpenAPI())
	if err := pretty.Indent(jsontext.WithIndent("  ")); err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.json", append(pretty, '\n'))
}

// TestEveryRouteIsDocumented: and everything documented is a route.
func TestEveryRouteIsDocumented(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var documented, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
			if method == http.MethodGet {
				documented = append(documented, "HEAD "+path)
			}
		}
	}
	mux := newStack(t).handler.(*chi.Mux)
	err = chi.Walk(mux, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/v1/") {
			served = append(served, method+" "+route)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented %q\nserved     %q", documented, served)
	}
}

// TestDocs: the page and the document are there for anybody, the page loads nothing
// but its own files, and those exist.
func TestDocs(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	page := a.get("/docs")
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy of /docs = %q", policy)
	}
	for _, forbidden := range []string{"//", "<style", "onclick", "javascript:"} {
		if bytes.Contains(page.body, []byte(forbidden)) {
			t.Errorf("/docs contains %q", forbidden)
		}
	}
	for _, file := range []string{"/docs/docs.js", "/docs/docs.css"} {
		if !bytes.Contains(page.body, []byte(strings.TrimPrefix(file, "/"))) {
			t.Errorf("/docs does not mention %s", file)
		}
		a.get(file)
	}
	if r := a.do("nobody", "GET", "/docs/other.js", ""); r.status != 404 {
		t.Errorf("an unknown file = %d", r.status)
	}
	first := a.must(200, "nobody", "GET", "/v1/openapi.json", "")
	a.must(304, "nobody", "GET", "/v1/openapi.json", "", header{"If-None-Match", first.header.Get("ETag")})
}

// get is for what is in no OpenAPI document.
func (s *stack) get(path string) response {
	s.t.Helper()
	resp, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		s.t.Fatalf("GET %s = %d, %v", path, resp.StatusCode, err)
	}
	return response{resp.StatusCode, resp.Header, body}
}

// golden compares got with the file of that name in testdata, or writes it with
// -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if that is meant, run the test with -update:\n%s", file, diff)
	}
}

// TestOperationalRoutes: what is no part of the API is served beside it, to anybody.
func TestOperationalRoutes(t *testing.T) {
	s := newStack(t, func(c *httpapi.Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") })
		c.Checks = []httpapi.Check{
			{Name: "postgres", Required: true, Run: func(context.Context) error { return nil }},
			{Name: "nats", Run: func(context.Context) error { return errors.New("cannot be reached") }},
		}
	})
	for path, want := range map[string]string{
		"/livez":   `{"status":"alive"}`,
		"/readyz":  `{"status":"degraded","checks":{"nats":{"ok":false,"reason":"cannot be reached"},"postgres":{"ok":true}}}`,
		"/metrics": "metrics",
	} {
		if got := s.get(path); string(got.body) != want || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s = %s %s, want %s", path, got.header, got.body, want)
		}
	}
}
