package v1_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// transcript is what a client sees of a conversation, with names in place of what
// differs from run to run: the same thing has the same name throughout.
type transcript struct {
	a     *account
	out   bytes.Buffer
	names map[string]string
	kinds map[string]int
}

func (a *account) transcript() *transcript {
	return &transcript{a: a, names: map[string]string{}, kinds: map[string]int{}}
}

// varying is what differs from run to run. Of several that match, the first wins.
var varying = regexp.MustCompile(strings.Join([]string{
	`(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})`,
	`(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z)`,
	`"number":(?P<number>\d+)`,
	`(?:after|before)=(?P<cursor>[0-9A-Za-z_-]{22})`,
	`(?:"|W/")(?P<etag>[0-9A-Za-z_-]{22})"`,
	`"request_id":"(?P<request>[0-9A-Z]{26})"`,
}, "|"))

// rename puts names in place of what varies. Times are all the same one.
func (tr *transcript) rename(s string) string {
	var out strings.Builder
	end := 0
	for _, m := range varying.FindAllStringSubmatchIndex(s, -1) {
		for i, kind := range varying.SubexpNames() {
			if i == 0 || m[2*i] < 0 {
				continue
			}
			out.WriteString(s[end:m[2*i]])
			out.WriteString(tr.name(kind, s[m[2*i]:m[2*i+1]]))
			end = m[2*i+1]
		}
	}
	return out.String() + s[end:]
}

func (tr *transcript) name(kind, value string) string {
	if kind == "time" || kind == "request" {
		return "<" + kind + ">"
	}
	name, ok := tr.names[value]
	if !ok {
		tr.kinds[kind]++
		name = fmt.Sprintf("<%s %d>", kind, tr.kinds[kind])
		tr.names[value] = name
	}
	return name
}

// do asks, and notes question and answer, headers included.
func (tr *transcript) do(as, method, path, body string, headers ...header) response {
	tr.a.t.Helper()
	r := tr.a.do(as, method, path, body, headers...)
	fmt.Fprintf(&tr.out, "> %s %s as %s\n", method, tr.rename(path), as)
	for _, h := range headers {
		fmt.Fprintf(&tr.out, "> %s: %s\n", h.name, tr.rename(h.value))
	}
	if body != "" {
		fmt.Fprintf(&tr.out, "> %s\n", tr.rename(body))
	}
	fmt.Fprintf(&tr.out, "%d\n", r.status)
	var names []string
	for name := range r.header {
		if name != "Date" && name != "X-Request-Id" && name != "Content-Length" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&tr.out, "%s: %s\n", name, tr.rename(strings.Join(r.header[name], " | ")))
	}
	fmt.Fprintf(&tr.out, "%s\n\n", tr.rename(string(r.body)))
	return r
}
