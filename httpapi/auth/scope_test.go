package auth

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestNoScopeImpliesAnother(t *testing.T) {
	for i, name := range scopeNames {
		held, err := ParseScopes([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		for j, other := range scopeNames {
			wanted, has := Scope(1<<j), i == j
			if got := held.Has(wanted); got != has {
				t.Errorf("a key with %s has %s: %t; want %t", name, other, got, has)
			}
			err := Principal{Scopes: held}.Require(wanted)
			var forbidden *ForbiddenError
			if has != (err == nil) || !has && (!errors.As(err, &forbidden) || forbidden.Missing != wanted ||
				!strings.Contains(err.Error(), other)) {
				t.Errorf("Require(%s) of a key with %s = %v", other, name, err)
			}
		}
		if held.Has(0) {
			t.Error("a key has the scope that is none")
		}
	}
}

func TestScopesAreThoseOfTheContract(t *testing.T) {
	want := map[Scope]string{
		CommentsRead: "comments:read", CommentsWrite: "comments:write", CommentsDelete: "comments:delete",
		CommentsRedact: "comments:redact", CommentsActAs: "comments:act_as", TicketsWrite: "tickets:write",
		AuditRead: "audit:read", Admin: "admin",
	}
	if len(want) != len(scopeNames) {
		t.Errorf("%d scopes; want %d", len(scopeNames), len(want))
	}
	for scope, name := range want {
		if scope.String() != name {
			t.Errorf("%#x is %s; want %s", uint16(scope), scope, name)
		}
	}
	if got := Scope(1 << 8).String(); got != "Scope(0x100)" {
		t.Errorf("an unknown scope prints as %s", got)
	}
}

func TestParseScopes(t *testing.T) {
	all, err := ParseScopes(scopeNames[:])
	if err != nil || !slices.Equal(all.Names(), scopeNames[:]) {
		t.Errorf("ParseScopes of all = %v, %v", all, err)
	}
	twice, err := ParseScopes([]string{"admin", "comments:read", "admin"})
	if err != nil || twice != ScopesOf(CommentsRead, Admin) || twice.String() != "comments:read,admin" {
		t.Errorf("ParseScopes = %v, %v; want comments:read,admin", twice, err)
	}
	for _, wrong := range []string{"", "comments:Read", "comments:read ", "comments", "comments:*", "*", "аdmin"} {
		got, err := ParseScopes([]string{"comments:read", wrong})
		if got != 0 || err == nil {
			t.Errorf("ParseScopes with %q = %v, %v; want an error", wrong, got, err)
			continue
		}
		if msg := err.Error(); !strings.Contains(msg, "scope 2") || !strings.Contains(msg, "comments:act_as") {
			t.Errorf("the error %q does not say which scope is wrong and what there is", msg)
		}
	}
}
