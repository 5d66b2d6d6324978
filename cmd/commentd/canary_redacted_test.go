package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// TestRedactedTextIsNowhere writes two words in every way in which a comment can say
// something, redacts them, waits until the keys are destroyed and then looks for the
// words in every byte that any process has written, logs at debug level and dumps
// included; and for the bytes of the destroyed keys in every table.
func TestRedactedTextIsNowhere(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	dir := devFolder(t)
	plain, special := newSecrets()
	s := newScanner(plain, special)
	p, info := startDev(t, dir, "--log-level", "debug")
	key := info.Keys["agent"]
	comments := info.BaseURL + "/v1/tickets/" + info.Tickets[0] + "/comments"
	user := info.BaseURL + "/v1/users/" + uuid.NewString()
	word := plain + " and " + special
	mustCall(t, 201, "PUT", user, info.Keys["admin"], fmt.Sprintf(`{"role":"customer","name":%q}`, word))

	db, err := pgx.Connect(t.Context(), info.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	var written []string
	for _, body := range []string{
		fmt.Sprintf(`{"content":%q}`, word),
		fmt.Sprintf(`{"content":%q,"is_internal":true}`, "note: "+word),
	} {
		var made struct{ ID string }
		decodeJSON(t, mustCall(t, 201, "POST", comments, key, body), &made)
		mustCall(t, 200, "PATCH", comments+"/"+made.ID, key, quoted("edited, and still "+word))
		written = append(written, comments+"/"+made.ID)
	}
	hideInChat := chatAbout(t, info, plain, special)
	before := bucketKeys(t, db)
	hideInChat()
	var receipts []string
	for _, comment := range written {
		for _, secret := range []string{plain, special} {
			receipts = append(receipts, redact(t, comment, key, secret))
		}
	}
	mustCall(t, 200, "PUT", user, info.Keys["admin"], `{"name":"Somebody"}`)
	for _, receipt := range receipts {
		awaitDestroyed(t, receipt, key)
	}
	eventually(t, func() error { // a chat's redaction has no receipt
		var open int
		err := db.QueryRow(t.Context(), "SELECT count(*) FROM log.obligations WHERE completed_at IS NULL").Scan(&open)
		if err == nil && open > 0 {
			err = fmt.Errorf("%d obligations are open", open)
		}
		return err
	})

	for _, key := range []string{"agent", "customer", "auditor"} {
		if text := strings.Join(contentsOf(t, info, key, info.Tickets[0]), "\n"); s.find([]byte(text)) != nil || !strings.Contains(text, "▇▇▇▇ and ▇▇▇▇") {
			t.Errorf("%s is shown %q", key, text)
		}
	}
	awaitRelayed(t, info)
	for _, statement := range []string{"ANALYZE", "CHECKPOINT"} {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	sightings, files := s.findInFiles(t, dir)
	for path, sighting := range sightings {
		t.Errorf("%s holds what was redacted, %v", path, sighting)
	}
	// Of the keys that there were, those that are destroyed are in no table, and the same
	// search finds the others.
	after, gone, alive := bucketKeys(t, db), &scanner{}, &scanner{}
	for id, wrapped := range before {
		if after[id] == nil {
			gone.add("wrapped key", string(wrapped))
		} else {
			alive.add("wrapped key", string(wrapped))
		}
	}
	tables, _ := gone.findInFiles(t, filepath.Join(dir, "postgres", "base"))
	for path, sighting := range tables {
		t.Errorf("%s holds a destroyed key, %v", path, sighting)
	}
	if found, _ := alive.findInFiles(t, filepath.Join(dir, "postgres", "base")); len(found) == 0 || len(gone.forms) == 0 || files == 0 {
		t.Errorf("a living key is in %d of %d files; %d keys were destroyed", len(found), files, len(gone.forms))
	}
	texts := map[string]string{
		"the log":                p.output.String(),
		"statistics of Postgres": statistics(t, db, "control"),
		"the metrics":            mustCall(t, 200, "GET", info.BaseURL+"/metrics", "", ""),
	}
	dump(t, filepath.Join(dir, "postgres"), info, texts)
	for name, text := range texts {
		if sighting := s.find([]byte(text)); sighting != nil {
			t.Errorf("%s: what was redacted, %v", name, sighting)
		}
	}
	eventually(t, func() error { // the worker looks now and then
		_, metrics, err := call("GET", info.BaseURL+"/metrics", "", "")
		if err == nil && (!strings.Contains(metrics, "commentd_obligations_open 0\n") || !strings.Contains(metrics, "commentd_erasure_horizon_seconds ")) {
			err = errors.New("the metrics do not tell of obligations and the horizon")
		}
		return err
	})
}

// redact hides a text in a comment and returns where its receipt is.
func redact(t *testing.T, comment, key, text string) (receipt string) {
	t.Helper()
	var done struct {
		Receipt struct {
			EventID string `json:"event_id"`
		}
	}
	decodeJSON(t, mustCall(t, 201, "POST", comment+"/redactions", key, fmt.Sprintf(`{"text":%q}`, text)), &done)
	return comment + "/redactions/" + done.Receipt.EventID
}

// awaitDestroyed follows a receipt until the keys are destroyed.
func awaitDestroyed(t *testing.T, receipt, key string) {
	t.Helper()
	eventually(t, func() error {
		_, answer, err := call("GET", receipt, key, "")
		if err != nil {
			return err
		}
		var r struct {
			KeyDestroyedAt *time.Time `json:"key_destroyed_at"`
		}
		if err := json.Unmarshal([]byte(answer), &r); err != nil || r.KeyDestroyedAt == nil {
			return errors.New(answer)
		}
		return nil
	})
}

func decodeJSON(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// bucketKeys returns the wrapped keys of the keyring, by bucket; those of destroyed ones
// are nil.
func bucketKeys(t *testing.T, db *pgx.Conn) map[int64][]byte {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT bucket_id, wrapped_key FROM keyring.buckets")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[int64][]byte{}
	var id int64
	var wrapped []byte
	if _, err := pgx.ForEachRow(rows, []any{&id, &wrapped}, func() error {
		keys[id], wrapped = wrapped, nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

// chatAbout has a visitor say the words in a chat and send a file of that name, and returns
// what redacts both.
func chatAbout(t *testing.T, info devInfo, words ...string) (redact func()) {
	t.Helper()
	ticket, relay := info.BaseURL+"/v1/tickets/"+info.Tickets[0], info.Keys["integration"]
	var of struct {
		Number      int64  `json:"number"`
		RequesterID string `json:"requester_id"`
	}
	decodeJSON(t, mustCall(t, 200, "GET", ticket, info.Keys["agent"], ""), &of)
	var chat struct {
		ID string `json:"id"`
	}
	decodeJSON(t, mustCall(t, 201, "POST", ticket+"/chats", relay, fmt.Sprintf(`{"visitor_id":%q}`, of.RequesterID)), &chat)
	said, marked := "in the chat:", "in the chat:"
	for _, word := range words {
		said, marked = said+" "+word, marked+" <redact>"+word+"</redact>"
	}
	mustCall(t, 201, "POST", ticket+"/chats/"+chat.ID+"/messages", relay,
		fmt.Sprintf(`{"author_type":"CUSTOMER","author_customer_id":%q,"content":%q}`, of.RequesterID, said))
	var sent struct {
		Upload struct{ Token string } `json:"upload"`
	}
	decodeJSON(t, mustCall(t, 201, "POST", info.BaseURL+"/api/v2/uploads?filename="+url.QueryEscape(said+".txt"), relay, quoted(said)), &sent)
	mustCall(t, 201, "POST", ticket+"/chats/"+chat.ID+"/files", relay,
		fmt.Sprintf(`{"author_type":"CUSTOMER","author_customer_id":%q,"upload":%q}`, of.RequesterID, sent.Upload.Token))
	mustCall(t, 200, "POST", ticket+"/chats/"+chat.ID+"/end", relay, "")
	return func() {
		t.Helper()
		answer := mustCall(t, 200, "PUT", fmt.Sprint(info.BaseURL, "/api/v2/chat_redactions/", of.Number), info.Keys["agent"],
			fmt.Sprintf(`{"chat_id":%q,"chat_index":0,"text":%q}`, chat.ID, marked))
		if want := strings.Repeat(" ▇▇▇▇", len(words)); !strings.Contains(answer, "in the chat:"+want+`"`) {
			t.Errorf("chat_redactions = %s; want the words masked", answer)
		}
		answer = mustCall(t, 200, "PUT", fmt.Sprint(info.BaseURL, "/api/v2/chat_file_redactions/", of.Number), info.Keys["agent"],
			fmt.Sprintf(`{"chat_id":%q,"chat_indexes":[1]}`, chat.ID))
		if !strings.Contains(answer, `"filename":"redacted.txt"`) {
			t.Errorf("chat_file_redactions = %s; want the file gone", answer)
		}
	}
}
