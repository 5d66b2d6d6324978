package client

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Client calls the API with one key. It may be used by any number of goroutines.
type Client struct {
	base    string // with /v1, and without a slash at the end
	key     string
	http    *http.Client
	retries int
	pause   time.Duration // before the first repetition
}

// An Option changes how a Client works.
type Option func(*Client)

// WithHTTPClient has requests made by h instead of http.DefaultClient. A Timeout of h
// would end streams: leave it zero, and give calls a context that ends.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithRetries sets how often a call is repeated at most; 4 if it is not given.
func WithRetries(n int) Option { return func(c *Client) { c.retries = max(0, n) } }

// New returns a client of the service at base, such as https://comments.example.org,
// with an API key.
func New(base, key string, options ...Option) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not the URL of a service", base)
	}
	c := &Client{
		base: strings.TrimSuffix(base, "/") + "/v1", key: key, http: http.DefaultClient,
		retries: 4, pause: firstPause,
	}
	for _, option := range options {
		option(c)
	}
	return c, nil
}
