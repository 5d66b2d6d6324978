package client

import (
	"context"
	"iter"
	"net/http"
	"strings"
)

// list goes through all pages of a list of this API: arrays, with the next page in the
// header Link.
func list[T any](ctx context.Context, c *Client, path string, query string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for next := path + query; next != ""; {
			var page []T
			header, err := c.call(ctx, request{method: http.MethodGet, path: next}, &page)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			next = c.nextPage(header)
		}
	}
}

// nextPage returns the path of the next page, "" if there is none. Whatever host the
// service believes to be called by, the key is sent to the one that it was meant for.
func (c *Client) nextPage(h http.Header) string {
	for link := range strings.SplitSeq(h.Get("Link"), ",") {
		target, relation, _ := strings.Cut(strings.TrimSpace(link), ";")
		if strings.Contains(relation, `rel="next"`) || strings.Contains(relation, "rel=next") {
			target = strings.Trim(target, "<>")
			if i := strings.Index(target, "/v1/"); i >= 0 {
				return target[i+len("/v1"):]
			}
		}
	}
	return ""
}
