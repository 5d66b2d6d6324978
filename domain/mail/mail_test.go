package mail_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/domain/mail"
)

// lines makes an e-mail of lines.
func lines(all ...string) []byte { return []byte(strings.Join(all, "\r\n")) }

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  []byte
		want mail.Message
	}{
		{"text", lines("From: Ann <ann@example.org>", "To: help@example.com, Bob <bob@example.org>", "Cc: c@example.org", "Subject: It", " burns",
			"Date: Thu, 26 Nov 2026 10:00:00 +0100", "Message-ID: <1@example.org>", "", "Green.", "", "> What color?", ""),
			mail.Message{
				ID: "1@example.org", From: []mail.Address{{"Ann", "ann@example.org"}},
				To: []mail.Address{{"", "help@example.com"}, {"Bob", "bob@example.org"}}, Cc: []mail.Address{{"", "c@example.org"}},
				Subject: "It burns", Date: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), Text: "Green.\n\n> What color?\n",
			}},
		{"words and charsets", lines("From: =?iso-8859-1?Q?J=F6rg?= <j@example.org>", "Subject: =?UTF-8?B?w6Rw?= =?UTF-8?Q?fel?=",
			"Content-Type: text/plain; charset=windows-1252", "Content-Transfer-Encoding: quoted-printable", "", "10 =80 f=FCr =", "alle"),
			mail.Message{From: []mail.Address{{"Jörg", "j@example.org"}}, Subject: "äpfel", Text: "10 € für alle"}},
		{"alternatives and files", lines("From: a@example.org", "Content-Type: multipart/mixed; boundary=1", "", "--1",
			"Content-Type: multipart/alternative; boundary=2", "", "--2", "", "plain", "--2", "Content-Type: text/html", "", "<b>rich</b>", "--2--",
			"--1", "Content-Type: IMAGE/PNG", "Content-Id: <flame>", "Content-Disposition: inline; filename=flame.png", "Content-Transfer-Encoding: base64", "", "aGk=",
			"--1", `Content-Type: text/plain; name="C:\\notes\\a.txt"`, "", "in a file", "--1--"),
			mail.Message{From: []mail.Address{{"", "a@example.org"}}, Text: "plain", HTML: "<b>rich</b>", Files: []mail.File{
				{Name: "flame.png", Type: "image/png", ContentID: "flame", Content: []byte("hi")},
				{Name: "a.txt", Type: "text/plain", Content: []byte("in a file")},
			}}},
		{"an e-mail as a file", lines("From: a@example.org", "Content-Type: multipart/mixed; boundary=1", "", "--1", "", "see", "--1",
			"Content-Type: message/rfc822", "", "Subject: inner", "", "secret", "--1--"),
			mail.Message{From: []mail.Address{{"", "a@example.org"}}, Text: "see",
				Files: []mail.File{{Name: "unnamed", Type: "message/rfc822", Content: lines("Subject: inner", "", "secret")}}}},
		{"a program's", lines("From: a@example.org", "Auto-Submitted: auto-replied; x=y", "Authentication-Results: mx; spf=pass;", " dmarc=fail", "Authentication-Results: forged; dmarc=pass", "", "away"),
			mail.Message{From: []mail.Address{{"", "a@example.org"}}, Automatic: true, Unauthenticated: true, Text: "away"}},
		{"nothing", nil, mail.Message{Malformed: true}},
		{"no e-mail", []byte("GET / HTTP/1.1\nhello\x00\xff"), mail.Message{Malformed: true, Text: "GET / HTTP/1.1\nhello�"}},
		{"a charset nobody knows", lines("From: a@example.org", "Content-Type: text/plain; charset=klingon", "", "tlh\xff"),
			mail.Message{From: []mail.Address{{"", "a@example.org"}}, Malformed: true, Text: "tlh�"}},
		{"a boundary that never comes", lines("From: a@example.org", "Content-Type: multipart/mixed; boundary=1", "", "lost"),
			mail.Message{From: []mail.Address{{"", "a@example.org"}}, Malformed: true, Text: "lost"}},
		{"no boundary", lines("From: a@example.org", "Content-Type: multipart/mixed", "", "--1", "", "lost", "", "--1--"),
			mail.Message{From: []mail.Address{{"", "a@example.org"}}, Malformed: true, Text: "--1\n\nlost\n\n--1--"}},
		{"no base64", lines("From: a@example.org", "Content-Transfer-Encoding: base64", "", "!!!!"),
			mail.Message{From: []mail.Address{{"", "a@example.org"}}, Malformed: true, Text: "!!!!"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mail.Parse(tt.raw); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestParseIsBounded: parts within parts and parts beside parts end somewhere.
func TestParseIsBounded(t *testing.T) {
	var deep bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n", i, i)
	}
	wide := "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=1\r\n\r\n" + strings.Repeat("--1\r\n\r\nx\r\n", 5000) + "--1--"
	for _, raw := range [][]byte{deep.Bytes(), []byte(wide)} {
		if m := mail.Parse(raw); !m.Malformed {
			t.Errorf("%d bytes are read as if they were all there", len(raw))
		}
	}
}

// TestRedacted: of what was to be hidden nothing is left in the e-mail that is written,
// however it was written, and what stood beside it is.
func TestRedacted(t *testing.T) {
	raw := lines("From: =?utf-8?Q?Ann_4711=2D0815?= <4711-0815@example.org>", "Subject: PIN =?utf-8?B?NDcxMS0wODE1?= inside", "X-Pin: 4711-0815", "DKIM-Signature: bh=x",
		"Content-Type: multipart/mixed; boundary=1", "", "--1", "Content-Transfer-Encoding: quoted-printable", "", "My PIN is 4711=", "-0815, really.", "--1",
		"Content-Type: text/html", "", "<p>It is 47<b>11-0&#56;15</b>, <i>yes</i>.</p>", "--1", "Content-Disposition: attachment; filename=4711-0815.txt", "", "4711-0815", "--1--")
	secret, err := domain.NewSecret([]domain.Body{{Text: "4711-0815"}}, domain.Redaction{Text: "4711-0815"})
	if err != nil {
		t.Fatal(err)
	}
	m, found := mail.Parse(raw).Redacted(func(b domain.Body) (domain.Body, bool) { return secret.Hide(b, domain.MaskFixed) })
	if !found {
		t.Error("nothing was found")
	}
	out, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if decoded, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(out))); err != nil || bytes.Contains(decoded, []byte("0815")) || bytes.Contains(out, []byte("DKIM")) {
		t.Errorf("left: %q, %v", decoded, err)
	}
	again := mail.Parse(out)
	if again.Text != "My PIN is ▇▇▇▇, really." || !strings.Contains(again.HTML, "<i>yes</i>") || !strings.Contains(again.HTML, "▇▇▇▇") ||
		again.Subject != "PIN ▇▇▇▇ inside" || len(again.Files) != 0 {
		t.Errorf("not as it was: %+v", again)
	}
}

// TestRedactedBeside: a text that breaks its lines within the secret is made anew from the
// HTML in which it was found; and a message without the secret is known by that.
func TestRedactedBeside(t *testing.T) {
	secret, err := domain.NewSecret([]domain.Body{{Text: "blue sky"}}, domain.Redaction{Text: "blue sky"})
	if err != nil {
		t.Fatal(err)
	}
	hide := func(b domain.Body) (domain.Body, bool) { return secret.Hide(b, domain.MaskFixed) }
	m, found := mail.Message{Text: "a blue\n> sky", HTML: "<p>a blue sky</p>"}.Redacted(hide)
	if !found || m.Text != "a ▇▇▇▇" || m.HTML != "<p>a ▇▇▇▇</p>" {
		t.Errorf("%+v, %v", m, found)
	}
	m, _ = mail.Message{Text: "blue sky\n> blue\n> sky", HTML: "<p>blue sky</p><p>blue sky</p>"}.Redacted(hide)
	if strings.Contains(m.Text, "sky") || strings.Contains(m.HTML, "sky") {
		t.Errorf("found once, and left once: %+v", m)
	}
	if m, found := (mail.Message{Text: "grey", HTML: "<p>grey</p>"}).Redacted(hide); found || m.Text != "grey" {
		t.Errorf("%+v, %v", m, found)
	}
}

// TestWrittenIsRead: what Bytes writes, Parse reads.
func TestWrittenIsRead(t *testing.T) {
	address := rapid.Custom(func(t *rapid.T) mail.Address {
		return mail.Address{rapid.StringMatching(`([A-Za-zäß☃]+( [a-z"(),;:]+)?)?`).Draw(t, "name"), rapid.StringMatching(`[a-z]{1,8}@[a-z]{1,8}\.org`).Draw(t, "address")}
	})
	rapid.Check(t, func(t *rapid.T) {
		m := mail.Message{
			ID: rapid.StringMatching(`[a-z0-9]{1,9}@[a-z]{1,9}`).Draw(t, "id"), From: rapid.SliceOfN(address, 0, 2).Draw(t, "from"),
			To: rapid.SliceOfN(address, 0, 3).Draw(t, "to"), Subject: rapid.StringMatching(`([a-zA-Zä☃]+( [a-z=?]+)?)?`).Draw(t, "subject"),
			Text: strings.ReplaceAll(rapid.StringMatching(`[ -~äß☃\n]{0,300}`).Draw(t, "text"), "\r", ""), HTML: "<p>x</p>",
		}
		raw, err := m.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got := mail.Parse(raw)
		if got.Malformed || got.ID != m.ID || got.Subject != m.Subject || got.Text != m.Text || got.HTML != m.HTML || !slices.Equal(got.From, m.From) || !slices.Equal(got.To, m.To) {
			t.Fatalf("written %+v\nread %+v\nas %q", m, got, raw)
		}
	})
}

// FuzzParse: whatever comes is read, twice alike, as text that can be kept.
func FuzzParse(f *testing.F) {
	f.Add(lines("From: a@example.org", "Content-Type: multipart/mixed; boundary=1", "", "--1", "Content-Type: text/html; charset=iso-2022-jp", "", "x", "--1--"))
	f.Add(lines("Subject: =?utf-8?Q?=00=ff?=", "Content-Disposition: attachment; filename*=utf-8''%2e%2e%2fa", "", "x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := mail.Parse(raw)
		for _, s := range []string{m.Subject, m.Text, m.HTML} {
			if strings.ContainsRune(s, 0) || s != strings.ToValidUTF8(s, "") {
				t.Errorf("%q cannot be kept", s)
			}
		}
		for _, file := range m.Files {
			if file.Name == "" || strings.ContainsAny(file.Name, "/\\\n\x00") {
				t.Errorf("a file is called %q", file.Name)
			}
		}
		empty, _ := m.Redacted(func(domain.Body) (domain.Body, bool) { return domain.Body{}, true })
		out, err := empty.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if again := mail.Parse(out); again.Text != "" || again.Subject != "" || again.HTML != "" {
			t.Errorf("%+v is left", again)
		}
	})
}
