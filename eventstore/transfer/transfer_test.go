package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
)

// same fails the test unless both logs are the same, with the same texts under the same
// salts, and the second one verifies.
func same(t *testing.T, from, to *world) {
	t.Helper()
	to.clean()
	if want, got := from.log(), to.log(); !reflect.DeepEqual(want, got) {
		t.Fatalf("%d events became %d, or other ones", len(want), len(got))
	}
	from.seal()
	to.seal()
	to.clean()
	if want, got := from.treeHead(), to.treeHead(); want.Size != got.Size || want.Root != got.Root || want.Epoch != got.Epoch {
		t.Errorf("the tree is %d %s, was %d %s", got.Size, got.Root, want.Size, want.Root)
	}
	groups := func(w *world) (lines []string) {
		for line := range bytes.Lines(w.export(whole)) {
			if bytes.HasPrefix(line, eventStart) || bytes.HasPrefix(line, []byte(`{"content":`)) {
				lines = append(lines, string(line))
			}
		}
		return lines
	}
	if want, got := groups(from), groups(to); !slices.Equal(want, got) {
		t.Errorf("what is exported of the import differs: %d lines and %d", len(want), len(got))
	}
}

// TestSameLog: what is imported is the log that was exported, and goes on as it would have.
func TestSameLog(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	secrets, ticket := from.history()
	from.pool.Exec(t.Context(), "SELECT nextval('log.number_blocks') FROM generate_series(1, 5)")
	from.pool.Exec(t.Context(), "INSERT INTO log.taken_blocks SELECT 1e9 + n, 7, true FROM generate_series(1, 2500) n")
	if _, err := from.RaiseEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	from.pool.Exec(t.Context(), "UPDATE audit.trees SET epoch = 2") // as accept-loss does
	from.say(ticket, typed("of the second epoch"), true)
	from.seal()
	file := from.export(whole)
	report, err := Check(t.Context(), bytes.NewReader(file), from.key.String())
	if err != nil || !report.HeadProved || report.TreeSize != report.To || report.Directory != 2 || report.Contents == 0 {
		t.Fatalf("Check = %+v, %v", report, err)
	}
	report, err = to.importer().Import(t.Context(), bytes.NewReader(file), from.key.String())
	if err != nil || report.New != report.To || !report.Files || len(to.given) != 2 {
		t.Fatalf("Import = %+v, %v", report, err)
	}
	same(t, from, to)
	if want, got := from.count("SELECT last_value FROM log.number_blocks"), to.count("SELECT last_value FROM log.number_blocks"); got < want {
		t.Errorf("numbers go on with block %d; %d was drawn", got, want)
	}
	const blocks = "SELECT count(*) FROM log.taken_blocks"
	if want, got := from.count(blocks), to.count(blocks); want < 2500 || got != want {
		t.Errorf("%d blocks are taken; want %d", got, want)
	}
	taken := "SELECT count(*) FROM log.taken_blocks WHERE account_id = $1 AND block = $2 AND reserved = $3"
	first := int64(from.count("SELECT min(block) FROM log.taken_blocks WHERE NOT reserved"))
	for block, reserved := range map[int64]bool{oldNumber / 1024: true, first: false} {
		if n := to.count(taken, account, block, reserved); n != 1 {
			t.Errorf("block %d is not taken as it was", block)
		}
	}
	if kept, err := to.Numbers().Keep(t.Context(), account, oldNumber+1, first*1024); err != nil || !kept[oldNumber+1] || len(kept) != 1 {
		t.Errorf("Keep = %v, %v; want what could be kept where the log comes from", kept, err)
	}
	if n := to.count("SELECT count(*) FROM log.files"); n != 4+1 { // two files with their thumbnails, and the placeholder
		t.Errorf("there are %d rows of files", n)
	}
	again, err := to.importer().Import(t.Context(), bytes.NewReader(file), from.key.String())
	if err != nil || again.New != 0 || !again.Files {
		t.Errorf("Import again = %+v, %v; want nothing new, and the files", again, err)
	}
	to.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: secrets[0], By: admin, Audit: to.numbers().Audit, Hide: domain.Redaction{Text: "secret"}})
	to.say(ticket, to.withFile("it goes on"), false)
	to.fulfil()
	to.clean()
}

// TestInterruptedImport: whenever an import is cut off, what is there is the beginning of the
// log, and the next one goes on.
func TestInterruptedImport(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	from.history()
	from.seal()
	file := from.export(whole)
	broken := errors.New("the cable was pulled")
	for cut := range 6 {
		in := io.MultiReader(bytes.NewReader(file[:len(file)*(cut+1)/7]), readerOf(broken))
		if _, err := to.importer().Import(t.Context(), in, from.key.String()); !errors.Is(err, broken) {
			t.Fatalf("Import = %v; want %v", err, broken)
		}
		to.begun()
	}
	report, err := to.importer().Import(t.Context(), bytes.NewReader(file), from.key.String())
	if err != nil || report.New == 0 || report.New == report.To {
		t.Fatalf("Import = %+v, %v; want that it went on", report, err)
	}
	same(t, from, to)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func readerOf(err error) io.Reader { return failing{err} }

// TestRefused changes a file in every way, line by line. Whatever is done to a line, it is
// refused, and a line is named; that of an event or a text at which it was done.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	w.history()
	w.seal()
	var lines [][]byte
	for line := range bytes.Lines(w.export(whole)) {
		lines = append(lines, line)
	}
	check := func(name string, want int, changed [][]byte) {
		t.Helper()
		_, err := Check(t.Context(), bytes.NewReader(bytes.Join(changed, nil)), w.key.String())
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Line < 1 || want > 0 && refused.Line != want && refused.Line != len(changed) {
			t.Errorf("%s: %v; want a refusal that names line %d", name, err, want)
		}
	}
	for i, line := range lines {
		n := 0 // the line that is to be named, if it is known
		if bytes.HasPrefix(line, eventStart) || bytes.HasPrefix(line, []byte(`{"content":`)) {
			n = i + 1
		}
		check(fmt.Sprintf("without line %d", i+1), 0, slices.Delete(slices.Clone(lines), i, i+1))
		check(fmt.Sprintf("line %d twice", i+1), min(n+n, i+2), slices.Insert(slices.Clone(lines), i, line))
		if i > 0 {
			swapped := slices.Clone(lines)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			check(fmt.Sprintf("lines %d and %d swapped", i, i+1), 0, swapped)
		}
		cut := slices.Clone(lines[:i+1])
		cut[i] = line[:rand.IntN(len(line)-1)+1]
		check(fmt.Sprintf("cut off in line %d", i+1), i+1, cut)
		if i < len(lines)-1 {
			check(fmt.Sprintf("cut off after line %d", i+1), i+2, lines[:i+1])
		}
		for range 20 {
			changed := slices.Clone(lines)
			changed[i] = bytes.Clone(line)
			at := rand.IntN(len(line) - 1)
			if changed[i][at] ^= 1 << rand.IntN(7); changed[i][at] == '\n' {
				continue
			}
			check(fmt.Sprintf("line %d with another byte %d", i+1, at), n, changed)
		}
	}
	end := lines[len(lines)-1]
	for bit := range 7 { // of the signature's last character, not all of which are needed
		changed := bytes.Clone(end)
		changed[bytes.LastIndexByte(end, '=')-1] ^= 1 << bit
		check("another spelling of the signature", len(lines), append(slices.Clone(lines[:len(lines)-1]), changed))
	}
	other := newWorld(t)
	if _, err := Check(t.Context(), bytes.NewReader(bytes.Join(lines, nil)), other.key.String()); err == nil {
		t.Error("a file was accepted that another key has signed")
	}
}

// TestRefusedByTheLog: a file that is whole is refused by a log that is another one.
func TestRefusedByTheLog(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	ticket := from.open()
	for range 3 {
		from.say(ticket, typed("text"), true)
	}
	from.seal()
	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"it has no texts", from.export(Range{From: 1})},
		{"it begins after the end of the log", from.export(Range{From: 3, Contents: true})},
	} {
		var refused *RefusedError
		if _, err := to.importer().Import(t.Context(), bytes.NewReader(tt.file), from.key.String()); !errors.As(err, &refused) || refused.Line != 1 {
			t.Errorf("%s: %v; want a refusal", tt.name, err)
		}
	}
	if n := to.count("SELECT count(*) FROM log.events"); n != 0 {
		t.Errorf("refused files have left %d events", n)
	}
	to.open()
	var refused *RefusedError
	if _, err := to.importer().Import(t.Context(), bytes.NewReader(from.export(whole)), from.key.String()); !errors.As(err, &refused) || refused.Line != 2 {
		t.Errorf("into a log with another event: %v; want a refusal of line 2", err)
	}
}

// TestMoved: an import does not append to a log to which others do.
func TestMoved(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	ticket := from.open()
	for range 20 {
		from.say(ticket, typed("text"), true)
	}
	from.seal()
	file := from.export(whole)
	meddling := io.MultiReader(bytes.NewReader(file[:len(file)/2]), readerFunc(func([]byte) (int, error) {
		to.open()
		return 0, io.EOF
	}), bytes.NewReader(file[len(file)/2:]))
	if _, err := to.importer().Import(t.Context(), meddling, from.key.String()); !errors.Is(err, ErrMoved) {
		t.Errorf("Import = %v; want ErrMoved", err)
	}
	to.clean()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestContinuedExport: an export goes on wherever it was cut off, and takes what has
// happened since; what was redacted since, an import that goes on removes.
func TestContinuedExport(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	secrets, ticket := from.history()
	from.seal()
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, from.export(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	key := from.key.String()
	importFile := func() Report {
		t.Helper()
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		report, err := to.importer().Import(t.Context(), bytes.NewReader(file), key)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	importFile()
	for _, secret := range secrets {
		from.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: secret, By: admin, Audit: from.numbers().Audit, Hide: domain.Redaction{All: true}})
	}
	from.fulfil()
	from.seal()
	goOn := func(what Range) error {
		t.Helper()
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		return from.exporter().Continue(t.Context(), file, what)
	}
	if err := goOn(whole); err != nil {
		t.Fatal(err)
	}
	if report := importFile(); report.New == 0 || report.New == report.To {
		t.Errorf("Import = %+v; want that it went on", report)
	}
	to.clean()
	if n := to.count("SELECT count(*) FROM log.retired_buckets WHERE destroyed_at IS NULL"); n == 0 {
		t.Error("no key was retired of what was redacted")
	}
	to.fulfil()
	to.clean()
	complete, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := os.Truncate(name, rand.Int64N(int64(len(complete)))); err != nil {
			t.Fatal(err)
		}
		if err := goOn(whole); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if report, err := Check(t.Context(), bytes.NewReader(file), key); err != nil || !report.HeadProved {
			t.Fatalf("Check = %+v, %v", report, err)
		}
	}
	importFile()
	for name, what := range map[string]Range{"from elsewhere": {From: 2, Contents: true}, "without texts": {From: 1}} {
		if err := goOn(what); !errors.Is(err, ErrOther) {
			t.Errorf("going on %s: %v; want ErrOther", name, err)
		}
	}
	if err := os.WriteFile(name, []byte("dear diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := goOn(whole); !errors.Is(err, ErrOther) {
		t.Errorf("going on in a file of somebody else: %v; want ErrOther", err)
	}
	if diary, err := os.ReadFile(name); err != nil || string(diary) != "dear diary" {
		t.Errorf("which is now %q, %v", diary, err)
	}
}

// TestPieces: a log can be carried piece by piece. Nothing that belongs together is torn,
// and a piece whose texts were removed by what comes after it is refused.
func TestPieces(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	ticket := from.open()
	say, solved := typed("the last word"), domain.StatusSolved
	from.must(domain.WriteTicket{ // two events
		Account: account, Ticket: ticket, By: admin, Status: &solved, Numbers: from.numbers(),
		Comment: domain.CommentID(uuid.Must(uuid.NewV7())), Say: &domain.NewComment{Author: agent.Own(), Text: say},
	})
	end := eventstore.Position(len(from.log()))
	secret := from.say(ticket, typed("a secret"), true)
	from.say(ticket, typed("harmless"), true)
	from.seal()
	for at := eventstore.Position(0); at < end+2; {
		piece := from.export(Range{From: at + 1, To: at + 2, Contents: true})
		if report, err := Check(t.Context(), bytes.NewReader(piece), from.key.String()); err != nil || report.HeadProved != (at == 0) {
			t.Errorf("Check = %+v, %v; only the beginning of a log can be compared with its head", report, err)
		}
		report, err := to.importer().Import(t.Context(), bytes.NewReader(piece), from.key.String())
		if err != nil || report.From != int64(at+1) || !report.HeadProved {
			t.Fatalf("Import = %+v, %v", report, err)
		}
		at = eventstore.Position(report.To)
		to.clean()
	}
	same(t, from, to)
	if err := from.exporter().Export(t.Context(), io.Discard, Range{From: end + 10, Contents: true}); err == nil {
		t.Error("what comes after the end of the log was exported")
	}
	from.must(domain.RedactComment{Account: account, Ticket: ticket, Comment: secret, By: admin, Audit: from.numbers().Audit, Hide: domain.Redaction{Text: "secret"}})
	from.seal()
	if err := from.exporter().Export(t.Context(), io.Discard, Range{From: 1, To: end + 2, Contents: true}); err == nil {
		t.Error("a piece was finished of which a text is missing")
	}
}
