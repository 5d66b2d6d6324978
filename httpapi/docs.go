package httpapi

import (
	"embed"
	"net/http"
	"path"
	"strconv"

	"github.com/commentd/commentd/httpapi/problem"
)

//go:embed docs/index.html docs/docs.css docs/docs.js
var docsFiles embed.FS

var docsTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
}

// docsPolicy allows the page its own files and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const docsIndex = "index.html"

// docsPage serves /docs: a page that reads the OpenAPI document.
func docsPage(w http.ResponseWriter, _ *http.Request) { serveDocs(w, docsIndex) }

// docsFile serves the files that the page is made of.
func docsFile(w http.ResponseWriter, r *http.Request) {
	// The page itself has one address: what it links to is relative to that.
	if name := r.PathValue("file"); name == docsIndex || !serveDocs(w, name) {
		problem.Write(w, r, problem.New(problem.NotFound, "There is nothing at this path."))
	}
}

// serveDocs answers with a file, and reports whether there is one.
func serveDocs(w http.ResponseWriter, name string) bool {
	content, err := docsFiles.ReadFile("docs/" + name)
	if err != nil {
		return false
	}
	h := w.Header()
	h.Set("Content-Security-Policy", docsPolicy)
	h.Set("Content-Type", docsTypes[path.Ext(name)])
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(content) // a caller who has gone does not mind
	return true
}
