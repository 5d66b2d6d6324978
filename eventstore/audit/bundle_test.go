package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

func (w *world) export(ticket domain.TicketID, contents bool) []byte {
	w.t.Helper()
	var b bytes.Buffer
	err := NewReader(w.pool, w.key, 0).Export(w.t.Context(), &b, w.vault, Export{Account: account, Slug: "acme", Ticket: ticket, Contents: contents})
	if err != nil {
		w.t.Fatalf("Export: %v", err)
	}
	return b.Bytes()
}

// TestBundle: a bundle checks without its database, and with no other key; nothing in it
// can be changed, left out or added.
func TestBundle(t *testing.T) {
	w := history(t, 1)
	ticket := w.log()[0].Ticket
	whole := w.export(ticket, true)
	key := w.key.String()
	r, err := CheckBundle(bytes.NewReader(whole), key)
	if err != nil || !r.OK() || r.Events != len(w.log())-2 || r.Contents != 3 || r.Withheld != 0 || r.Removed != 8 || r.Ticket != ticket {
		t.Fatalf("CheckBundle = %+v, %v", r, err)
	}
	if !bytes.Contains(whole, []byte(`{\"body\":\"second`)) {
		t.Errorf("the texts are not in the bundle:\n%s", whole)
	}
	bare := w.export(ticket, false)
	if r, err := CheckBundle(bytes.NewReader(bare), key); err != nil || !r.OK() || r.Withheld != 3 || bytes.Contains(bare, []byte("second")) {
		t.Errorf("CheckBundle without texts = %+v, %v", r, err)
	}
	if r, err := CheckBundle(bytes.NewReader(whole), NewKey(rootKey, 1).String()); err != nil || r.OK() {
		t.Errorf("CheckBundle with another key = %+v, %v", r, err)
	}

	lines := bytes.SplitAfter(whole, []byte("\n"))
	lines = lines[:len(lines)-1]
	refused := func(what string, lines [][]byte) {
		t.Helper()
		if r, err := CheckBundle(bytes.NewReader(bytes.Join(lines, nil)), key); err == nil && r.OK() {
			t.Errorf("%s, and CheckBundle finds nothing", what)
		}
	}
	for i := range lines {
		what := fmt.Sprintf("line %d %.60s", i+1, lines[i])
		// The last event left out is a bundle of the time before it, but for the end.
		refused(what+" is left out", slices.Delete(slices.Clone(lines), i, i+1))
		refused(what+" is there twice", slices.Insert(slices.Clone(lines), i, lines[i]))
		if i+1 < len(lines) && !bytes.HasPrefix(lines[i+1], []byte(`{"content"`)) {
			swapped := slices.Clone(lines)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			refused(what+" is swapped with the next", swapped)
		}
		for path, changed := range mutations(t, lines[i]) {
			if path == ".header.account" || path == ".header.with_contents" || path == ".end.contents" {
				continue // of which nothing is promised
			}
			other := slices.Clone(lines)
			other[i] = append(changed, '\n')
			refused(what+": "+path+" is changed", other)
		}
	}
	// What this program reads must be what every other reads.
	event := lines[1]
	for what, changed := range map[string][]byte{
		"a member is there twice":           bytes.Replace(event, []byte(`"data":`), []byte(`"data":"Zm9yZ2Vk","data":`), 1),
		"a member is there in another case": bytes.Replace(event, []byte(`"data":`), []byte(`"data":"Zm9yZ2Vk","Data":`), 1),
		"a member has another name":         bytes.Replace(event, []byte(`"internal":`), []byte(`"internal_":`), 1),
		"there is a member too many":        bytes.Replace(event, []byte(`"internal":`), []byte(`"external":true,"internal":`), 1),
		"a name is not UTF-8":               bytes.Replace(event, []byte(`"internal":`), []byte("\"int\x89ernal\":"), 1),
		"a time is finer than any recorded": bytes.Replace(event, []byte(`Z","epoch"`), []byte(`5Z","epoch"`), 1),
		"something follows in the line":     append(bytes.TrimSuffix(bytes.Clone(event), []byte("\n")), " {}\n"...),
		"two of it are in one line":         bytes.Replace(event, []byte(`{"event":`), []byte(`{"end":{"events":1,"contents":1},"event":`), 1),
	} {
		if bytes.Equal(changed, event) {
			t.Fatalf("%s: nothing was changed in %s", what, event)
		}
		other := slices.Clone(lines)
		other[1] = changed
		refused(what, other)
	}
	refused("the bundle is cut off", [][]byte{whole[:len(whole)/2]})
	refused("nothing", nil)
}

// mutations returns a line with each value in it changed, by the value's path.
func mutations(t *testing.T, line []byte) map[string][]byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(line, &v); err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	var walk func(path string, v any, set func(any))
	note := func(path string, old any, set func(any), changed any) {
		set(changed)
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = b
		set(old)
	}
	walk = func(path string, at any, set func(any)) {
		switch at := at.(type) {
		case map[string]any:
			for k, child := range at {
				walk(path+"."+k, child, func(x any) { at[k] = x })
			}
		case []any:
			for i, child := range at {
				walk(fmt.Sprintf("%s[%d]", path, i), child, func(x any) { at[i] = x })
			}
			note(path, at, set, at[:max(0, len(at)-1)])
		case float64:
			note(path, at, set, at+1)
		case bool:
			note(path, at, set, !at)
		case nil:
			note(path, at, set, uuid.NewString())
		case string:
			i := len(at) / 3
			c := "A"
			if at[i:i+1] == c {
				c = "B"
			}
			if strings.HasSuffix(path, "_id") {
				c = strings.ToLower(c)
				if at[i:i+1] == c {
					c = "c"
				}
			}
			if strings.HasSuffix(path, "recorded_at") {
				i, c = 19, ".000001"
				note(path, at, set, at[:i]+c+"Z")
				return
			}
			note(path, at, set, at[:i]+c+at[i+1:])
		}
	}
	walk("", v, func(x any) { v = x })
	delete(all, "")
	return all
}

func TestExportRefuses(t *testing.T) {
	w := newWorld(t)
	reader := NewReader(w.pool, w.key, 0)
	export := func(ticket domain.TicketID) error {
		return reader.Export(t.Context(), &bytes.Buffer{}, w.vault, Export{Account: account, Ticket: ticket, Contents: true})
	}
	ticket := w.open("")
	if err := export(ticket); err != ErrNotSealed {
		t.Errorf("Export of a ticket that is not sealed = %v", err)
	}
	w.seal()
	if err := export(ticket); err != nil {
		t.Errorf("Export = %v", err)
	}
	w.say(ticket, "younger than the head")
	if err := export(ticket); err != ErrNotSealed {
		t.Errorf("Export of a ticket that is not all sealed = %v", err)
	}
	if err := export(domain.TicketID(uuid.New())); err != domain.ErrTicketNotFound {
		t.Errorf("Export of no ticket = %v", err)
	}
	if err := reader.Export(t.Context(), &bytes.Buffer{}, w.vault, Export{Account: account + 1, Ticket: ticket}); err != domain.ErrTicketNotFound {
		t.Errorf("Export of another account's ticket = %v", err)
	}
}
