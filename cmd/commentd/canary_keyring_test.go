package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/devstacktest"
	"github.com/commentd/commentd/migrations"
)

// TestRedactedTextCannotBeRecovered gives an attacker a copy of all files of the main
// database from before a redaction, all files of the keyring from after it, and the root
// key. He reads what was not redacted, and nothing that was. With the files of the
// keyring from before the redaction he would have read all of it.
func TestRedactedTextCannotBeRecovered(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	main := devstacktest.PostgresServer(t)
	// The horizon of this keyring is the next checkpoint.
	keyring := devstacktest.PostgresServer(t, devstack.PostgresConfig{Settings: map[string]string{"wal_recycle": "off", "min_wal_size": "32MB"}})
	if err := migrations.UpApart(t.Context(), main.URL(), keyring.URL()); err != nil {
		t.Fatal(err)
	}
	p := newProductionApart(t, main.URL(), keyring.URL(), devstacktest.NATS(t))
	writer, _ := p.newKey(t, "acme", "comments:read,comments:write,comments:redact")
	_, url := p.serve(t, "api,relay,projector,worker")
	comments := url + "/v1/tickets/" + p.ticket + "/comments"

	secret, _ := newSecrets()
	var redacted []string
	for n := range 3 {
		var made struct{ ID string }
		decodeJSON(t, mustCall(t, 201, "POST", comments, writer, quoted(fmt.Sprint(n, " ", secret))), &made)
		mustCall(t, 200, "PATCH", comments+"/"+made.ID, writer, quoted(fmt.Sprint(n, " edited ", secret)))
		redacted = append(redacted, made.ID)
	}
	control := p.writeElsewhere(t, url)
	mainFiles, oldKeyring := copyOf(t, main), copyOf(t, keyring)
	wanted := p.targets(t)
	for _, c := range wanted {
		if !holds(t, mainFiles, c.sealed) {
			t.Errorf("the copy of the main database does not hold %s", c.name)
		}
	}

	for _, id := range redacted {
		awaitDestroyed(t, redact(t, comments+"/"+id, writer, secret), writer)
	}
	mustCall(t, 200, "GET", comments, writer, "")
	rootKey := p.environment["COMMENTD_ROOT_KEY"]
	today := newAttacker(t, rootKey, wanted)
	today.attack(t, mainFiles, copyOf(t, keyring))
	for _, c := range wanted {
		if today.opened[c.name] != (c.comment.String() == control) {
			t.Errorf("of %d windows one opens %s: %t; want %t", today.tried, c.name, today.opened[c.name], !today.opened[c.name])
		}
	}
	before := newAttacker(t, rootKey, wanted)
	if before.attack(t, oldKeyring); len(before.opened) != len(wanted) || len(wanted) != 7 {
		t.Errorf("with the former keyring the attacker reads %v of %d: he has lost his touch", before.opened, len(wanted))
	}
	t.Logf("%d windows tried", today.tried)
}

// TestAttackerTriesPlainKeys hides a key as it is where the attacker looks.
func TestAttackerTriesPlainKeys(t *testing.T) {
	c := target{name: "it", account: 1, content: uuid.New(), bucket: 7}
	dataKey, bucketKey := make([]byte, keyLength), make([]byte, keyLength)
	for i := range keyLength {
		dataKey[i], bucketKey[i] = byte(7*i), byte(3+11*i)
	}
	nonce := make([]byte, 12)
	aad := append(append(append(c.label(), c.ticket[:]...), c.comment[:]...), c.content[:]...)
	c.sealed = slices.Concat([]byte{1}, nonce, gcm(bucketKey).Seal(nil, nonce, dataKey, append(append(c.label(), c.content[:]...), 0, 0, 0, 0, 0, 0, 0, 7)),
		nonce, gcm(dataKey).Seal(nil, nonce, []byte("text"), aad))
	for name, key := range map[string][]byte{"data key": dataKey, "bucket key": bucketKey, "neither": make([]byte, keyLength)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "file"), slices.Concat([]byte("somewhere"), key, []byte("in here")), 0o600); err != nil {
			t.Fatal(err)
		}
		a := newAttacker(t, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", []target{c})
		if a.attack(t, dir); a.opened["it"] != (name != "neither") {
			t.Errorf("with the %s in a file the content is opened: %t", name, a.opened["it"])
		}
	}
}

// writeElsewhere writes a comment in another account, and returns its id.
func (p *production) writeElsewhere(t *testing.T, url string) string {
	t.Helper()
	const ticket = "44444444-4444-4444-8444-444444444444"
	key, _ := p.newAccount(t, "other", "comments:read,comments:write")
	p.do(t, "ticket", "create", "--account", "other", "--id", ticket)
	var made struct{ ID string }
	decodeJSON(t, mustCall(t, 201, "POST", url+"/v1/tickets/"+ticket+"/comments", key, quoted("not redacted")), &made)
	return made.ID
}

// targets are all contents of comments that there are.
func (p *production) targets(t *testing.T) []target {
	t.Helper()
	db, err := pgx.Connect(t.Context(), p.postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	rows, err := db.Query(t.Context(), `SELECT e.account_id, e.ticket_id, e.comment_id, x.content_id, x.bucket_id, x.sealed
		FROM log.events e JOIN log.contents x ON x.content_id::text = convert_from(e.data, 'UTF8')::json->'content'->>'id'
		WHERE e.type IN ('comment.created', 'comment.edited')`)
	if err != nil {
		t.Fatal(err)
	}
	targets, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c target, err error) {
		err = row.Scan(&c.account, &c.ticket, &c.comment, &c.content, &c.bucket, &c.sealed)
		c.name = "content " + c.content.String()
		return c, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return targets
}

// copyOf copies all files of a server as they are on disk.
func copyOf(t *testing.T, server *devstack.Postgres) string {
	t.Helper()
	db, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	var from string
	if err := db.QueryRow(t.Context(), "SELECT setting FROM pg_settings WHERE name = 'data_directory'").Scan(&from); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	err = filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var content []byte
			if content, err = os.ReadFile(path); err == nil {
				name, _ := filepath.Rel(from, path)
				err = os.WriteFile(filepath.Join(to, strings.ReplaceAll(name, "/", "-")), content, 0o600)
			}
		}
		if errors.Is(err, os.ErrNotExist) { // the server goes on meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
