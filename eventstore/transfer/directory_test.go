package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/commentd/commentd/eventstore"
)

// TestOlderFile: a file that ends before the log does changes nothing in the directory.
func TestOlderFile(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	ticket := from.open()
	from.say(ticket, typed("text"), true)
	from.seal()
	file := from.export(whole)
	if _, err := to.importer().Import(t.Context(), bytes.NewReader(file), from.key.String()); err != nil || len(to.given) != 2 {
		t.Fatalf("Import = %v; %d entries", err, len(to.given))
	}
	to.say(ticket, typed("it goes on here"), true)
	var refused *RefusedError
	_, err := to.importer().Import(t.Context(), bytes.NewReader(file), from.key.String())
	if line := bytes.Count(file[:bytes.Index(file, afterStart[0])], []byte("\n")) + 1; !errors.As(err, &refused) || refused.Line != line {
		t.Errorf("Import = %v; want a refusal of line %d", err, line)
	}
	if len(to.given) != 2 {
		t.Errorf("%d entries of the directory were restored; want none of the second time", len(to.given)-2)
	}
}

// TestRefusedEntry: although an entry of the directory is refused, no number is drawn again
// that an event has.
func TestRefusedEntry(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	from.say(from.open(), typed("text"), true)
	from.pool.Exec(t.Context(), "SELECT nextval('log.number_blocks') FROM generate_series(1, 5)")
	from.seal()
	importer := to.importer()
	asked := 0
	importer.Directory = func(context.Context, Entry) error {
		asked++
		return errors.New("another one has this id already")
	}
	var refused *RefusedError
	if _, err := importer.Import(t.Context(), bytes.NewReader(from.export(whole)), from.key.String()); !errors.As(err, &refused) || asked != 1 {
		t.Errorf("Import = %v after %d entries; want a refusal of the first", err, asked)
	}
	const drawn = "SELECT last_value FROM log.number_blocks"
	if want, got := from.count(drawn), to.count(drawn); got < want {
		t.Errorf("numbers go on with block %d; %d was drawn", got, want)
	}
}

// TestRetiredMeanwhile: an import whose keys are retired goes on under others; if they all
// are, again and again, it says that somebody is in its way.
func TestRetiredMeanwhile(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	ticket := from.open()
	for range 20 {
		from.say(ticket, typed("text"), true)
	}
	from.seal()
	file := from.export(whole)
	exec := func(sql string) {
		t.Helper()
		if _, err := to.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("the cable was pulled")
	in := io.MultiReader(bytes.NewReader(file[:len(file)/3]), readerOf(broken))
	if _, err := to.importer().Import(t.Context(), in, from.key.String()); !errors.Is(err, broken) {
		t.Fatalf("Import = %v; want %v", err, broken)
	}
	if to.count("SELECT count(*) FROM log.contents") == 0 {
		t.Fatal("nothing is sealed yet")
	}
	exec(`CREATE FUNCTION retire_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO log.retired_buckets (bucket_id) SELECT generate_series(1, 1000) ON CONFLICT DO NOTHING; RETURN NEW; END $$`)
	exec("CREATE TRIGGER retire_all BEFORE UPDATE ON log.heads FOR EACH ROW EXECUTE FUNCTION retire_all()")
	if _, err := to.importer().Import(t.Context(), bytes.NewReader(file), from.key.String()); !errors.Is(err, eventstore.ErrBusy) {
		t.Errorf("Import = %v; want ErrBusy", err)
	}
	exec("DROP TRIGGER retire_all ON log.heads")
	in = io.MultiReader(bytes.NewReader(file[:2*len(file)/3]), readerOf(broken))
	if _, err := to.importer().Import(t.Context(), in, from.key.String()); !errors.Is(err, broken) {
		t.Fatalf("Import = %v; want %v", err, broken)
	}
	exec("SELECT log.retire_buckets(ARRAY(SELECT DISTINCT bucket_id FROM log.contents))")
	if report, err := to.importer().Import(t.Context(), bytes.NewReader(file), from.key.String()); err != nil || report.New == 0 {
		t.Errorf("Import = %+v, %v; want that it went on", report, err)
	}
}
