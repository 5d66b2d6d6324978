package main

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strconv"
)

// client is one keep-alive connection that speaks as much HTTP/1.1 as the answers of
// the product and the floors need. net/http's client would cost more than the floors
// it is to measure. It is for one goroutine.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	last answer
}

// answer is what is kept of a response. Its slices are good until the next exchange.
type answer struct {
	status   int
	size     int    // of the body
	etag     []byte // empty: there was none
	location []byte // likewise
}

func dial(address string) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, r: bufio.NewReaderSize(conn, 32<<10)}, nil
}

// dialAll makes n connections, which close ends.
func dialAll(address string, n int) (clients []*client, closeAll func(), err error) {
	closeAll = func() {
		for _, c := range clients {
			_ = c.conn.Close() // nothing is left to be said on it
		}
	}
	for range n {
		c, err := dial(address)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		clients = append(clients, c)
	}
	return clients, closeAll, nil
}

// exchange sends a request, spelt out, and reads the answer to its end.
func (c *client) exchange(request []byte) (*answer, error) {
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	a := &c.last
	a.status, a.size, a.etag, a.location = 0, 0, a.etag[:0], a.location[:0]
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return nil, errors.New("not an HTTP/1.1 answer")
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return nil, errors.New("no status in the answer")
	}
	length := 0
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) { // as net/http's server spells them
		case "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return nil, errors.New("bad Content-Length")
			}
		case "Transfer-Encoding":
			length = -1
		case "Etag":
			a.etag = append(a.etag, value...)
		case "Location":
			a.location = append(a.location, value...)
		}
	}
	if length < 0 {
		return a, c.chunks(a)
	}
	a.size = length
	if a.status == 304 || a.status == 204 {
		a.size = 0
	}
	_, err = c.r.Discard(a.size)
	return a, err
}

// chunks reads a body of chunks.
func (c *client) chunks(a *answer) error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return errors.New("bad chunk")
		}
		if _, err := c.r.Discard(int(size) + len("\r\n")); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
		a.size += int(size)
	}
}

func (c *client) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// expect makes an exchange that has to have the given status, else the error is a
// *refusal.
func (c *client) expect(status int, request []byte) (*answer, error) {
	a, err := c.exchange(request)
	if err != nil {
		return nil, err
	}
	if a.status != status {
		return nil, &refusal{a.status}
	}
	return a, nil
}

// getRequest spells a GET. extra is further header lines, each with its line end.
func getRequest(path, key, extra string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + key + "\r\n" + extra + "\r\n")
}

// postRequest spells a POST of JSON into dst.
func postRequest(dst []byte, path, key, idempotencyKey string, body []byte) []byte {
	dst = append(append(append(dst[:0], "POST "...), path...), " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "...)
	dst = append(append(dst, key...), "\r\nContent-Type: application/json\r\nIdempotency-Key: "...)
	dst = append(append(dst, idempotencyKey...), "\r\nContent-Length: "...)
	dst = append(strconv.AppendInt(dst, int64(len(body)), 10), "\r\n\r\n"...)
	return append(dst, body...)
}
