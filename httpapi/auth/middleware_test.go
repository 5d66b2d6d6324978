package auth

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/commentd/commentd/domain"
)

// serve returns a router that greets whom it lets in.
func serve(i *instance) http.Handler {
	r := chi.NewRouter()
	r.Use(i.Bearer(func(w http.ResponseWriter, _ *http.Request, err error) {
		w.WriteHeader(http.StatusTeapot) // whose number is not ours to choose
		fmt.Fprint(w, err)
	}))
	r.Get("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, From(r.Context()).KeyID) })
	return r
}

func call(h http.Handler, authorization []string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	if authorization != nil {
		r.Header["Authorization"] = authorization
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestBearerLetsGoodKeysPass(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	key, text := create(t, i, w.newKey(domain.ActorAgent))
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER ", "Bearer  "} {
		got := call(serve(i), []string{scheme + text})
		if got.Code != http.StatusOK || got.Body.String() != key.ID.String() {
			t.Errorf("%q: %d %s; want 200 and the principal of the key", scheme, got.Code, got.Body)
		}
	}
}

func TestBearerAnswersEveryRefusalAlike(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	h := serve(i)
	_, text := create(t, i, w.newKey(domain.ActorAgent))
	revoked, revokedText := create(t, i, w.newKey(domain.ActorAgent))
	if err := i.Revoke(t.Context(), w.ours, revoked.ID); err != nil {
		t.Fatal(err)
	}
	n := w.newKey(domain.ActorAgent)
	expiry := i.clock.now().Add(time.Minute)
	n.ExpiresAt = &expiry
	_, expired := create(t, i, n)
	i.clock.advance(time.Hour)

	refused := malformed(text)
	maps.Copy(refused, map[string][]string{
		"unknown key":           {"Bearer " + compose(t, domain.ActorAgent)},
		"mistyped key":          {"Bearer " + text[:43] + "-"},
		"revoked key":           {"Bearer " + revokedText},
		"expired key":           {"Bearer " + expired},
		"a good key as a token": {basic("ana@example.com/token:" + text)},
		"a good key as basic":   {basic("ana@example.com:" + text)},
	})
	first := call(h, nil)
	if first.Header().Get("WWW-Authenticate") != "Bearer" || first.Body.String() != ErrUnauthorized.Error() {
		t.Fatalf("without a key: %v %s", first.Header(), first.Body)
	}
	for name, values := range refused {
		got := call(h, values)
		if got.Code != first.Code || got.Body.String() != first.Body.String() ||
			!maps.EqualFunc(got.Header(), first.Header(), func(a, b []string) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
			t.Errorf("%s: %d %v %s; want the answer to no key at all", name, got.Code, got.Header(), got.Body)
		}
	}
}

func TestBearerDoesNotCallAnUncheckedKeyWrong(t *testing.T) {
	w := newWorld(t)
	i := newInstance(t, w.url)
	_, text := create(t, i, w.newKey(domain.ActorAgent))
	i.network.set(true)
	got := call(serve(i), []string{"Bearer " + text})
	if got.Header().Get("WWW-Authenticate") != "" || got.Code != http.StatusTeapot ||
		got.Body.String() == ErrUnauthorized.Error() {
		t.Errorf("with Postgres down: %v %s; want ErrUnavailable", got.Header(), got.Body)
	}
}
