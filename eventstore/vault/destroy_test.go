package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/migrations"
)

// bury takes all steps from a destroyed key to one whose bytes are gone.
func bury(t *testing.T, k *Keyring) {
	t.Helper()
	if err := k.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	verify(t, k)
}

func verify(t *testing.T, k *Keyring) {
	t.Helper()
	if err := k.Verify(t.Context(), remains(t, k)); err != nil {
		t.Fatal(err)
	}
	if left := remains(t, k); left.Keys > 0 {
		t.Errorf("%d keys remain after verification", left.Keys)
	}
}

func remains(t *testing.T, k *Keyring) Remains {
	t.Helper()
	r, err := k.Remains(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wrappedKey(t *testing.T, db database, bucket int64) []byte {
	t.Helper()
	return query[[]byte](t, db, "SELECT wrapped_key FROM keyring.buckets WHERE bucket_id = $1", bucket)
}

// filesWith lists the files of the database, read past Postgres, that hold the bytes.
func filesWith(t *testing.T, db database, needle []byte) (files []string) {
	t.Helper()
	db.exec(t, "CHECKPOINT")
	dir := query[string](t, db, `SELECT setting || '/base/' || (SELECT oid FROM pg_database WHERE datname = current_database())
		FROM pg_settings WHERE name = 'data_directory'`)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, needle) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The steps leave no byte of the key in any file of the database, and every other key
// where it was.
func TestADestroyedKeyIsInNoFile(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	place := somePlace(7)
	gone, kept := mustSeal(t, db.instance(root), place, "gone"), mustSeal(t, db.instance(root), place, "kept")
	key, other := wrappedKey(t, db, gone.BucketID), wrappedKey(t, db, kept.BucketID)
	for range 10 {
		db.exec(t, "UPDATE keyring.buckets SET created_at = now()") // rows move and leave copies
	}
	db.exec(t, "ANALYZE keyring.buckets")
	if n := query[int](t, db, "SELECT count(*) FROM pg_stats WHERE schemaname = 'keyring' AND attname = 'wrapped_key'"); n != 0 {
		t.Error("statistics hold samples of wrapped keys")
	}

	v := db.instance(root)
	if _, err := v.Open(t.Context(), place, gone.BucketID, gone.Bytes); err != nil {
		t.Fatal(err)
	}
	if err := v.keyring.Destroy(t.Context(), []int64{gone.BucketID}); err != nil {
		t.Fatal(err)
	}
	for _, v := range []*Vault{v, db.instance(root)} {
		if _, err := v.Open(t.Context(), place, gone.BucketID, gone.Bytes); !errors.Is(err, ErrDestroyed) {
			t.Errorf("Open after Destroy = %v; want ErrDestroyed", err)
		}
	}
	// Before the table is rewritten the key is still there: the search is alive.
	if files := filesWith(t, db, key); len(files) != 1 {
		t.Errorf("before the table is rewritten the key is in %v", files)
	}
	// Another process goes on, which has never seen the key.
	bury(t, NewKeyring(db.Pool, root))
	if files := filesWith(t, db, key); len(files) != 0 {
		t.Errorf("the key is still in %v", files)
	}
	if files := filesWith(t, db, other); len(files) != 1 {
		t.Errorf("the key that stays is in %v; want one file", files)
	}
	if got, err := db.instance(root).Open(t.Context(), place, kept.BucketID, kept.Bytes); err != nil || string(got) != "kept" {
		t.Errorf("Open under the key that stays = %q, %v", got, err)
	}
	if _, err := db.instance(root).Open(t.Context(), place, gone.BucketID, gone.Bytes); !errors.Is(err, ErrDestroyed) {
		t.Errorf("Open at the end = %v; want ErrDestroyed", err)
	}
	if n := query[int](t, db, "SELECT count(*) FROM keyring.old_files"); n != 0 {
		t.Errorf("%d old files are still looked after", n)
	}
}

// A rewrite changes nothing that can be seen of the table, however often it happens.
func TestARewrittenTableIsAsItWas(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	role := "reader_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	db.exec(t, "CREATE ROLE "+role)
	t.Cleanup(func() { dropRole(t, db, role) })
	db.exec(t, "GRANT SELECT, INSERT ON keyring.buckets TO "+role)
	db.exec(t, "GRANT SELECT ON keyring.buckets TO PUBLIC")
	describe := func() string {
		return query[string](t, db, `SELECT concat_ws(E'\n', c.relowner::regrole, c.relacl,
			(SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attstorage, attstattarget,
			        pg_get_expr(adbin, adrelid)), E'\n' ORDER BY attnum)
			   FROM pg_attribute a LEFT JOIN pg_attrdef d ON adrelid = a.attrelid AND adnum = attnum WHERE a.attrelid = c.oid AND attnum > 0),
			(SELECT string_agg(conname || pg_get_constraintdef(oid), E'\n' ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid),
			(SELECT string_agg(indexdef, E'\n' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'keyring' AND tablename = 'buckets'))
			FROM pg_class c WHERE oid = 'keyring.buckets'::regclass`)
	}
	k := NewKeyring(db.Pool, root)
	want := describe()
	for range 3 {
		sealed := mustSeal(t, db.instance(root), somePlace(7), "Hello")
		before := query[string](t, db, "SELECT pg_relation_filepath('keyring.buckets')")
		if err := k.Destroy(t.Context(), []int64{sealed.BucketID}); err != nil {
			t.Fatal(err)
		}
		bury(t, k)
		if got := describe(); got != want {
			t.Errorf("the table has become\n%s\nand was\n%s", got, want)
		}
		after := query[string](t, db, "SELECT pg_relation_filepath('keyring.buckets')")
		if err := k.Rewrite(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again := query[string](t, db, "SELECT pg_relation_filepath('keyring.buckets')"); before == after || again != after {
			t.Errorf("the file was %s, became %s, and %s with nothing to do", before, after, again)
		}
	}
}

// Somebody who reads the table and does not end his transaction holds up a rewrite, and
// nobody else; the error names him. An older snapshot that does not hold the table does
// not even keep the bytes.
func TestRewriteBesideOthers(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	place := somePlace(7)
	gone, kept := mustSeal(t, db.instance(root), place, "gone"), mustSeal(t, db.instance(root), place, "kept")
	key := wrappedKey(t, db, gone.BucketID)
	snapshot, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Rollback(t.Context())
	reader, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Rollback(t.Context())
	if _, err := snapshot.Exec(t.Context(), "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		t.Fatal(err)
	}
	if _, err := snapshot.Exec(t.Context(), "SELECT count(*) FROM keyring.old_files"); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), "SELECT count(*) FROM keyring.buckets"); err != nil {
		t.Fatal(err)
	}

	k := NewKeyring(db.Pool, root)
	if err := k.Destroy(t.Context(), []int64{gone.BucketID}); err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if err := k.Rewrite(t.Context()); !errors.As(err, &locked) || len(locked.By) != 1 || !strings.Contains(locked.By[0], "idle in transaction") {
		t.Errorf("Rewrite beside a reader = %v; want a *LockedError that names it", err)
	}
	if got, err := db.instance(root).Open(t.Context(), place, kept.BucketID, kept.Bytes); err != nil || string(got) != "kept" {
		t.Errorf("Open beside a reader = %q, %v", got, err)
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	bury(t, k)
	if files := filesWith(t, db, key); len(files) != 0 {
		t.Errorf("beside an old snapshot the key is still in %v", files)
	}
}

// A role without privileges destroys keys all the same; it cannot say that it has
// looked. With what the error asks for it can.
func TestVerificationTakesPrivileges(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	role := "keeper_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	db.exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD 'x'")
	t.Cleanup(func() { dropRole(t, db, role) })
	for _, sql := range []string{"SCHEMA keyring", "TABLE keyring.buckets", "TABLE keyring.old_files", "SEQUENCE keyring.bucket_ids",
		"FUNCTION keyring.rewrite", "FUNCTION keyring.trace"} {
		db.exec(t, "ALTER "+sql+" OWNER TO "+role)
	}
	config := db.Config().Copy()
	config.ConnConfig.User, config.ConnConfig.Password = role, "x"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	k := NewKeyring(pool, root)
	sealed := mustSeal(t, New(k), somePlace(7), "Hello")
	key := wrappedKey(t, db, sealed.BucketID)
	if err := k.Destroy(t.Context(), []int64{sealed.BucketID}); err != nil {
		t.Fatal(err)
	}
	if err := k.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, walErr := k.SearchWAL(t.Context(), remains(t, k))
	var lacks *PrivilegeError
	for step, err := range map[string]error{"Flush": k.Flush(t.Context()), "Verify": k.Verify(t.Context(), remains(t, k)), "SearchWAL": walErr} {
		if !errors.As(err, &lacks) || !strings.Contains(err.Error(), role) {
			t.Errorf("%s without privileges = %v; want a *PrivilegeError that names the role", step, err)
		}
	}
	if left := remains(t, k); left.Keys != 1 || left.InTable != 0 {
		t.Errorf("what remains is %+v; want one key, in no table", left)
	}
	if files := filesWith(t, db, key); len(files) != 0 {
		t.Errorf("the key is still in %v", files)
	}
	db.exec(t, lacks.Remedy())
	if _, err := k.SearchWAL(t.Context(), remains(t, k)); err != nil {
		t.Errorf("SearchWAL with privileges: %v", err)
	}
	if err := k.Flush(t.Context()); err != nil {
		t.Errorf("Flush with privileges: %v", err)
	}
	verify(t, k)
}

func dropRole(t *testing.T, db database, role string) {
	t.Helper()
	for _, sql := range []string{"REASSIGN OWNED BY " + role + " TO CURRENT_USER", "DROP OWNED BY " + role, "DROP ROLE " + role} {
		if _, err := db.Exec(context.Background(), sql); err != nil {
			t.Error(err)
		}
	}
}

// What is left in a file is found, and stays among the remains.
func TestVerifyFindsWhatIsLeft(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	k := NewKeyring(db.Pool, root)
	gone, other := mustSeal(t, db.instance(root), somePlace(7), "gone"), mustSeal(t, db.instance(root), somePlace(7), "kept")
	key := wrappedKey(t, db, gone.BucketID)
	if err := k.Destroy(t.Context(), []int64{gone.BucketID}); err != nil {
		t.Fatal(err)
	}
	if err := k.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	// As if a part of it had been left between two others.
	db.exec(t, "UPDATE keyring.buckets SET wrapped_key = $2 WHERE bucket_id = $1", other.BucketID, slices.Concat([]byte("before"), key[7:], []byte("after")))
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.Verify(t.Context(), remains(t, k)); !errors.Is(err, ErrFound) {
		t.Errorf("Verify = %v; want ErrFound", err)
	}
	if left := remains(t, k); left.Keys != 1 || left.InTable != 1 {
		t.Errorf("what remains is %+v; want one key, and a table to rewrite", left)
	}
	db.exec(t, "UPDATE keyring.buckets SET wrapped_key = $2 WHERE bucket_id = $1", other.BucketID, []byte("as it should be"))
	bury(t, k)
}

// The write-ahead log shows destroyed keys until it is gone itself.
func TestTheWriteAheadLogIsWatched(t *testing.T) {
	server := devstacktest.PostgresServer(t, devstack.PostgresConfig{Settings: map[string]string{"wal_recycle": "off", "min_wal_size": "32MB"}})
	if err := migrations.Up(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	db, root := openDatabase(t, server.URL()), rootKey(t, testRootKey)
	k := NewKeyring(db.Pool, root)
	sealed := mustSeal(t, db.instance(root), somePlace(7), "Hello")
	if err := k.Destroy(t.Context(), []int64{sealed.BucketID}); err != nil {
		t.Fatal(err)
	}
	if err := k.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func(seen int) {
		t.Helper()
		s, err := k.SearchWAL(t.Context(), remains(t, k))
		if err != nil || s.Keys != 1 || s.Seen != seen || s.Searched != s.Segments || s.Segments == 0 {
			t.Errorf("SearchWAL = %+v, %v; want one key, seen %d times", s, err, seen)
		}
	}
	look(1)
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(0) // with this server's settings
	verify(t, k)
}

func TestSearchFindsAKeyAnywhere(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	wrapped, err := root.Wrap(t.Context(), make([]byte, keySize), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(base64.StdEncoding.EncodeToString(wrapped)) // as a key service might have it
	around := make([]byte, 8192)
	rand.Read(around)
	for _, key := range [][]byte{wrapped, text} {
		of := trace(query[[]byte](t, db, "SELECT keyring.trace($1)", key))
		find := func(data []byte) bool {
			sought := newTraces()
			sought.add(of)
			sought.add(trace{})
			sought.search(data)
			return sought.found[of]
		}
		for _, at := range []int{0, 1, 4000, len(around) - len(key)} {
			for _, background := range [][]byte{make([]byte, len(around)), around} {
				data := bytes.Clone(background)
				if copy(data[at:], key); !find(data) {
					t.Errorf("a key at %d of %d bytes is not found", at, len(data))
				}
				if data[at+len(key)-20]++; find(data) {
					t.Errorf("something like the key at %d is taken for it", at)
				}
			}
		}
		if find(key[:len(key)-1]) || find(nil) || find(around) {
			t.Error("a key is found where it is not")
		}
	}
}

// Processes that make, use and destroy keys and rewrite the table at the same time
// lose none that they need.
func TestRewritesLoseNoKey(t *testing.T) {
	db, root := newDatabase(t), rootKey(t, testRootKey)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				place := somePlace(7)
				sealed, err := db.instance(root).Seal(t.Context(), place, []byte("Hello"))
				if err != nil {
					t.Errorf("Seal: %v", err)
					return
				}
				v := db.instance(root)
				if _, err := v.Open(t.Context(), place, sealed.BucketID, sealed.Bytes); err != nil {
					t.Errorf("Open: %v", err)
				}
				if err := v.keyring.Destroy(t.Context(), []int64{sealed.BucketID}); err != nil {
					t.Errorf("Destroy: %v", err)
				}
				if _, err := v.Open(t.Context(), place, sealed.BucketID, sealed.Bytes); !errors.Is(err, ErrDestroyed) {
					t.Errorf("Open after Destroy: %v", err)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			k := NewKeyring(db.Pool, root)
			for range 25 {
				if err := k.Rewrite(t.Context()); err != nil && !errors.As(err, new(*LockedError)) {
					t.Errorf("Rewrite: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	deadline := time.After(time.Minute)
	for rewritten := 0; rewritten < 20; {
		select {
		case <-deadline:
			t.Fatal("20 destroyed keys are not rewritten in a minute")
		case <-time.After(10 * time.Millisecond):
			rewritten = query[int](t, db, "SELECT count(*) FROM keyring.buckets WHERE rewritten_at IS NOT NULL")
		}
	}
	close(stop)
	<-done
	k := NewKeyring(db.Pool, root)
	bury(t, k)
	if n := query[int](t, db, "SELECT count(*) FROM keyring.buckets WHERE wrapped_key IS NOT NULL"); n != 0 {
		t.Errorf("%d keys are alive that were all destroyed", n)
	}
}
