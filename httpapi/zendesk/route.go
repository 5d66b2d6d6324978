package zendesk

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/inbound"
)

const root = "/api/v2"

// Owns reports whether a path is one of this API, whether or not there is anything.
func Owns(path string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// Mount adds the API to mux. admit is put before every operation, where the context
// holds the principal; it may refuse.
func (a *API) Mount(mux *chi.Mux, admit func(http.Handler) http.Handler) {
	a.admitted = admit(http.HandlerFunc(a.dispatch))
	mux.Handle(root, a)
	mux.Handle(root+"/*", a)
	a.mountContent(mux)
}

// callKey is the key of the call in the context of a request.
type callKey struct{}

// ServeHTTP finds out what is asked, by whom, and has it served. Whoever is not known
// learns nothing, not even what there is.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Zendesk-Api-Version", "v2")
	c := &call{w: w, params: chi.NewRouteContext(), base: inbound.BaseURL(r, a.base) + root}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	pattern := a.routes.Find(c.params, method, pathOf(r.URL.EscapedPath()))
	c.op = a.found[method+pattern]
	r.Pattern = root + pattern // for logs and metrics
	if c.op == nil {
		r.Pattern = root
	}
	if c.op != nil && c.op.scopes == 0 {
		c.Request = r
		a.run(c)
		return
	}
	caller, err := a.identify(r)
	if err != nil {
		fail(w, r, err)
		return
	}
	c.caller = *caller
	ctx := context.WithValue(auth.WithPrincipal(r.Context(), *caller), callKey{}, c)
	a.admitted.ServeHTTP(w, r.WithContext(ctx))
}

// identify returns whom the request stands for. One that carries X-On-Behalf-Of stands
// for the user with that address, if its own user is an administrator.
func (a *API) identify(r *http.Request) (*auth.Principal, error) {
	caller, err := a.keys.Identify(r, a.people)
	if err != nil {
		return nil, err
	}
	switch behalf := r.Header["X-On-Behalf-Of"]; len(behalf) {
	case 0:
		return caller, nil
	case 1:
		return caller.OnBehalfOf(r.Context(), a.people, behalf[0])
	}
	return nil, errForbidden
}

// pathOf returns the path below /api/v2 without the suffix .json, which all paths may
// have. Two clients send the prefix twice.
func pathOf(escaped string) string {
	path := strings.TrimPrefix(escaped, root)
	if rest, doubled := strings.CutPrefix(path, root+"/"); doubled {
		path = "/" + rest
	}
	return strings.TrimSuffix(path, ".json")
}

// dispatch serves a call that was admitted.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(callKey{}).(*call)
	c.w, c.Request = w, r
	if c.op == nil {
		fail(w, r, errRoute)
		return
	}
	a.run(c)
}
