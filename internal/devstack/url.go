package devstack

import (
	"net/url"
	"strconv"
)

// URL returns the URL of the database commentd over the server's Unix socket. The
// role is the superuser, and the password is in the URL: keep it out of logs.
func (p *Postgres) URL() string { return p.url(dbName) }

// LoopbackURL is URL over TCP, for programs that do not take a socket in a URL.
func (p *Postgres) LoopbackURL() string {
	u := p.location(dbName)
	u.Host = "127.0.0.1:" + strconv.Itoa(p.Port())
	u.RawQuery = "sslmode=disable"
	return u.String()
}

func (p *Postgres) url(database string) string {
	u := p.location(database)
	p.mu.Lock()
	defer p.mu.Unlock()
	u.RawQuery = url.Values{"host": {p.sockets}, "port": {strconv.Itoa(p.port)}, "sslmode": {"disable"}}.Encode()
	return u.String()
}

func (p *Postgres) location(database string) url.URL {
	return url.URL{Scheme: "postgres", User: url.UserPassword(dbName, p.password), Path: "/" + database}
}
