package erasure_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/migrations"
)

// What others hold open in the databases keeps no key: a snapshot makes no difference,
// and a reader of the keyring holds up the end, not the writers.
func TestOldSnapshotsAndIdleReaders(t *testing.T) {
	keyring := devstacktest.EmptyDatabase(t)
	url := devstacktest.EmptyDatabase(t)
	if err := migrations.UpApart(t.Context(), url, keyring); err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, url, keyring)
	ids := w.write(w.process, 20)
	idle := func(sql string) *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), keyring)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
		for _, sql := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ", sql} {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		return conn
	}
	idle("SELECT count(*) FROM keyring.old_files") // and so to the end
	reader := idle("SELECT count(*) FROM keyring.buckets")
	w.erase(w.process, ids[3])
	p := w.another()
	var locked *vault.LockedError
	if err := p.worker.Tend(t.Context()); !errors.As(err, &locked) || len(locked.By) != 1 {
		t.Errorf("Tend beside a reader = %v; want a *vault.LockedError that names it", err)
	}
	if n := w.count("SELECT count(*) FROM log.obligations WHERE completed_at IS NULL"); n != 1 {
		t.Errorf("%d obligations are open beside a reader; want 1", n)
	}
	w.write(w.another(), 2) // new keys are made, and old ones used
	w.checkTexts(w.another())

	w.run(p)
	if err := reader.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.awaitDone()
	w.check()
}

// While the keyring is away obligations wait; they are fulfilled when it is back.
func TestTheKeyringIsAway(t *testing.T) {
	server := devstacktest.PostgresServer(t)
	url := devstacktest.EmptyDatabase(t)
	if err := migrations.UpApart(t.Context(), url, server.URL()); err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, url, server.URL())
	ids := w.write(w.process, 10)
	w.erase(w.process, ids[0])
	p := w.another()
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.worker.Tend(t.Context()); !errors.Is(err, vault.ErrUnavailable) {
		t.Errorf("Tend without the keyring = %v; want vault.ErrUnavailable", err)
	}
	// Whoever has the keys in memory goes on, and what is erased is gone from the log.
	if err := erase(t.Context(), w.process, w.ticket, ids[1]); err != nil {
		t.Errorf("erase without the keyring: %v", err)
	}
	delete(w.texts, ids[1])
	w.run(p)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.awaitDone()
	w.check()
}

// A keyring that comes from an older backup is brought up to what the log knows, and
// the names of lost keys are not given again.
func TestAnOlderKeyring(t *testing.T) {
	keyring, url := devstacktest.EmptyDatabase(t), devstacktest.EmptyDatabase(t)
	if err := migrations.UpApart(t.Context(), url, keyring); err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, url, keyring)
	ids := w.write(w.process, 10)
	other := w.write(w.another(), 1)
	db, err := pgx.Connect(t.Context(), keyring)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE public.backup AS SELECT * FROM keyring.buckets; CREATE TABLE public.sequence AS SELECT last_value FROM keyring.bucket_ids")
	w.erase(w.process, ids[0])
	if err := w.worker.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.check()
	// What was written under keys that the backup does not know is lost with them.
	for _, id := range ids {
		delete(w.texts, id)
	}
	w.write(w.another(), 1)
	for id := range w.texts {
		if id != other[0] {
			delete(w.texts, id)
		}
	}
	exec("TRUNCATE keyring.buckets; INSERT INTO keyring.buckets SELECT * FROM public.backup; SELECT setval('keyring.bucket_ids', (SELECT last_value FROM public.sequence))")
	old := w.sealed[ids[0]]
	if _, err := w.another().vault.Open(t.Context(), old.place, old.bucket, old.bytes); err != nil {
		t.Fatalf("the older keyring does not open what was erased: %v", err)
	}

	p := w.another()
	for range 2 {
		if err := erasure.Replay(t.Context(), p.pool, p.keyring, []erasure.Shelf{erasure.Contents(0)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.worker.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.check()
	w.write(w.another(), 3)
	w.checkTexts(w.another())

	exec("TRUNCATE keyring.buckets")
	if err := erasure.Replay(t.Context(), p.pool, p.keyring, []erasure.Shelf{erasure.Contents(0)}); !errors.Is(err, erasure.ErrWrongKeyring) {
		t.Errorf("Replay with an empty keyring = %v; want ErrWrongKeyring", err)
	}
}
