package main

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
)

// TestServiceKeepsNothingDeleted: in an account that says so, a running service is rid of
// a deleted text by itself; in another one the text stays, out of sight.
func TestServiceKeepsNothingDeleted(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	_, url := p.serve(t, "api,worker")
	otherKey, _ := p.newAccount(t, "other", "comments:read,comments:write,comments:delete,tickets:write")
	p.do(t, "account", "set", "acme", "--deleted-retention-days", "0")
	for _, key := range []string{p.key, otherKey} {
		ticket := url + "/v1/tickets/" + p.ticket
		if key == otherKey {
			mustCall(t, 201, "PUT", ticket, key, "{}")
		}
		mustPost(t, ticket+"/comments", key, "stays")
		var c struct{ ID string }
		if err := json.Unmarshal([]byte(mustCall(t, 201, "POST", ticket+"/comments", key, quoted("goes"))), &c); err != nil {
			t.Fatal(err)
		}
		mustCall(t, 204, "DELETE", ticket+"/comments/"+c.ID, key, "")
	}
	getenv := func(name string) string { return p.environment[name] }
	err := stores(getenv, func(ctx context.Context, s *tools) error {
		eventually(t, func() error {
			n, err := number(ctx, s, "SELECT count(*) FROM log.events WHERE type = 'content.erased'")
			if err == nil && n != 1 {
				err = fmt.Errorf("%d erasures; want 1", n)
			}
			return err
		})
		for sql, want := range map[string]int{
			"SELECT count(*) FROM log.contents": 3,
			"SELECT count(*) FROM log.comments c JOIN directory.accounts a USING (account_id) WHERE a.slug = 'acme' AND deleted AND content_id IS NULL": 1,
		} {
			if n, err := number(ctx, s, sql); err != nil || n != want {
				t.Errorf("%s = %d, %v; want %d", sql, n, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
