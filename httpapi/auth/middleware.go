package auth

import (
	"context"
	"errors"
	"net/http"
)

// Bearer returns a middleware that lets a request pass if it presents a good key
// as "Authorization: Bearer KEY", with the key's principal in its context. It has
// render answer every other one, with ErrUnauthorized or ErrUnavailable, before
// anything else of the request is looked at; so an unauthenticated caller learns
// of nothing whether it exists.
func (s *Store) Bearer(render func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			principal, err := s.bearer(r)
			if err != nil {
				if errors.Is(err, ErrUnauthorized) {
					w.Header().Set("WWW-Authenticate", "Bearer")
				}
				render(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, principal)))
		})
	}
}

// Recheck returns whom the key of a request stands for now. A request that lasts asks
// now and then: its key may have been revoked. Errors: those of Lookup.
func (s *Store) Recheck(r *http.Request) (Principal, error) {
	p, err := s.bearer(r)
	if err != nil {
		return Principal{}, err
	}
	return *p, nil
}

func (s *Store) bearer(r *http.Request) (*Principal, error) {
	credentials, err := ParseAuthorization(r.Header["Authorization"])
	if err != nil {
		return nil, err
	}
	if credentials.Form != FormBearer {
		return nil, ErrUnauthorized
	}
	return s.lookup(r.Context(), credentials.Key)
}
