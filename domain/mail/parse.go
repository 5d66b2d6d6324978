package mail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // all that are in use
	"github.com/emersion/go-message/mail"
)

const (
	maxDepth   = 16   // of parts within parts
	maxParts   = 1000 // of a message
	maxHeaders = 1 << 20
	maxText    = 4 << 20 // bytes of Text, and of HTML
)

// Parse reads an e-mail. It never fails: of what is no e-mail at all, everything is in
// Text; of one whose parts cannot be found, everything behind the header.
func Parse(raw []byte) Message {
	root, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: maxHeaders})
	if root == nil || !hasHeader(raw) {
		return Message{Text: text(raw), Malformed: true}
	}
	p := parser{left: maxParts}
	p.note(err)
	p.headers(mail.Header{Header: root.Header})
	p.part(root, 0)
	if p.lost && p.Text == "" && p.HTML == "" && len(p.Files) == 0 {
		p.Text = p.join("", text(bodyOf(raw)), "") // as it is: somebody may make sense of it
	}
	return p.Message
}

// bodyOf returns what stands behind the first line that is empty; all, if none is.
func bodyOf(raw []byte) []byte {
	for _, gap := range []string{"\r\n\r\n", "\n\n", "\r\r"} {
		if _, body, found := bytes.Cut(raw, []byte(gap)); found {
			return body
		}
	}
	return raw
}

// hasHeader reports whether the first line looks like a header: without that, go-message
// finds an empty header in any text.
func hasHeader(raw []byte) bool {
	line, _, err := bufio.NewReaderSize(bytes.NewReader(raw), 4096).ReadLine()
	name, _, found := bytes.Cut(line, []byte(":"))
	return err == nil && found && len(name) > 0 && !bytes.ContainsAny(name, " \t")
}

type parser struct {
	Message
	left int  // parts that may follow
	lost bool // a part was not read, or not all of it
}

// note notes that something could not be read. What is in a charset or an encoding that
// nobody knows is taken as it is.
func (p *parser) note(err error) {
	if err != nil {
		p.Malformed = true
	}
}

// lose is note for what is in a part.
func (p *parser) lose(err error) {
	p.note(err)
	p.lost = p.lost || err != nil
}

var errTooMany = errors.New("parts are too many, or too deep")

// part reads a part and what is in it.
func (p *parser) part(e *message.Entity, depth int) {
	if p.left--; p.left < 0 || depth > maxDepth {
		p.lose(errTooMany)
		return
	}
	if parts := e.MultipartReader(); parts != nil {
		p.parts(parts, depth)
		return
	}
	content, err := io.ReadAll(e.Body)
	p.lose(err)
	kind, parameters, err := e.Header.ContentType()
	if err != nil {
		kind = "application/octet-stream"
		if len(e.Header.Values("Content-Type")) == 0 {
			kind = "text/plain"
		}
	}
	kind = strings.ToLower(kind)
	switch name, isFile := fileName(e.Header, parameters); {
	case isFile || kind != "text/plain" && kind != "text/html":
		p.Files = append(p.Files, File{Name: name, Type: kind, ContentID: contentID(e.Header), Content: content})
	case kind == "text/html":
		p.HTML = p.join(p.HTML, text(content), "\n")
	default:
		p.Text = p.join(p.Text, text(content), "\n\n")
	}
}

func (p *parser) parts(parts message.MultipartReader, depth int) {
	for {
		e, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		p.lose(err)
		if e == nil {
			return
		}
		p.part(e, depth+1)
		if p.left < 0 {
			return
		}
	}
}

// join appends what one more part says. Too much is left out.
func (p *parser) join(before, more, between string) string {
	if len(before)+len(more) > maxText {
		p.Malformed = true
		return before
	}
	if before == "" || more == "" {
		return before + more
	}
	return before + between + more
}

// text returns bytes that claim to be text as what can be kept: UTF-8 without NUL, lines
// ended by LF.
func text(content []byte) string {
	return kept.Replace(strings.ToValidUTF8(string(content), "�"))
}

var kept = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")
