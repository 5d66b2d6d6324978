package auth

import (
	"testing"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/directory"
)

func TestWhoSeesInternalNotes(t *testing.T) {
	sees := map[domain.ActorKind][]directory.Role{
		domain.ActorAgent:       {directory.RoleAgent, directory.RoleAdmin},
		domain.ActorSystem:      {directory.RoleSystem},
		domain.ActorIntegration: {directory.RoleAgent, directory.RoleAdmin, directory.RoleSystem},
	}
	for _, kind := range append(kinds, "", "Agent", "bot") {
		for _, role := range []directory.Role{
			directory.RoleAgent, directory.RoleAdmin, directory.RoleCustomer, directory.RoleSystem, "", "owner",
		} {
			want := false
			for _, r := range sees[kind] {
				want = want || r == role
			}
			if got := (Principal{Kind: kind, Role: role}).MaySeeInternal(); got != want {
				t.Errorf("a key of kind %q of a user of role %q sees internal notes: %t; want %t", kind, role, got, want)
			}
		}
	}
}

func TestNobodyMayNothing(t *testing.T) {
	p := From(t.Context())
	if p != (Principal{}) || p.MaySeeInternal() || p.By().Admin || p.By().ActAs {
		t.Errorf("From a context without principal = %+v", p)
	}
	for i := range scopeNames {
		if p.Has(1 << i) {
			t.Errorf("nobody has the scope %s", Scope(1<<i))
		}
	}
}

func TestPrincipalTravelsInTheContext(t *testing.T) {
	p := Principal{Account: 7, Kind: domain.ActorIntegration, Role: directory.RoleSystem, Scopes: ScopesOf(CommentsActAs, Admin)}
	if got := From(WithPrincipal(t.Context(), p)); got != p {
		t.Errorf("From = %+v; want %+v", got, p)
	}
	want := domain.By{Actor: domain.Actor{Kind: domain.ActorIntegration}, Admin: true, ActAs: true}
	if got := p.By(); got != want {
		t.Errorf("By = %+v; want %+v", got, want)
	}
}
