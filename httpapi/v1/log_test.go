package v1_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/httpapi/directory"
	"github.com/commentd/commentd/internal/metrics"
)

// seal has all that is in the log sealed, and returns the last head.
func (s *stack) seal() audit.Head {
	s.t.Helper()
	log, err := s.store.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if log.Position == 0 {
		s.t.Fatal("there is nothing to seal")
	}
	ctx, stop := context.WithCancel(s.t.Context())
	sealer := audit.NewSealer(s.store, s.pool, s.treeKey, metrics.New(prometheus.NewRegistry()), audit.Config{})
	ended := make(chan error, 1)
	go func() { ended <- sealer.Run(ctx) }()
	defer func() { stop(); <-ended }()
	reader := audit.NewReader(s.pool, s.treeKey, 0)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		h, err := reader.Head(s.t.Context())
		if err == nil && h.Size >= int64(log.Position) {
			return h
		}
		if err != nil && !errors.Is(err, audit.ErrNoHead) {
			s.t.Fatal(err)
		}
	}
	s.t.Fatalf("the log is not sealed: %v", sealer.Health())
	return audit.Head{}
}

// logObject returns the path of an operation on the log.
func (a *account) logObject(operation, object string) string {
	a.t.Helper()
	if operation == "getTreeHead" {
		a.ticket()
		a.seal()
		return "/v1/log/tree_head"
	}
	switch object {
	case "own":
		a.ticket()
		return fmt.Sprintf("/v1/log/proof/inclusion?position=%d", a.seal().Size)
	case "foreign":
		made, err := a.store.Execute(a.t.Context(), domain.PutTicket{
			Account: a.id + 1000, Ticket: domain.TicketID(uuid.New()), By: domain.By{Actor: domain.Actor{Kind: domain.ActorSystem}},
			Numbers: domain.Numbers{Audit: 1, Subject: 2},
		}, nil)
		if err != nil {
			a.t.Fatal(err)
		}
		return fmt.Sprintf("/v1/log/proof/inclusion?position=%d", made.Position)
	case "unknown":
		return "/v1/log/proof/inclusion?position=1000000"
	case "sizes":
		return "/v1/log/proof/consistency?from=1"
	case "none":
		return "/v1/log/proof/consistency?from=2&to=1"
	}
	if operation == "getConsistencyProof" {
		return "/v1/log/proof/consistency?from=0"
	}
	return "/v1/log/proof/inclusion?position=-1"
}

// hashes in an answer, as a client reads them.
func hash(t *testing.T, text string) (h tlog.Hash) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		t.Fatalf("%q is no hash", text)
	}
	return tlog.Hash(raw)
}

type treeHead struct {
	Origin     string `json:"origin"`
	Size       int64  `json:"size"`
	RootHash   string `json:"root_hash"`
	Generation int32  `json:"generation"`
	SignedAt   string `json:"signed_at"`
	Key        string `json:"key"`
	Note       string `json:"note"`
}

// TestLogProofs follows an auditor who keeps a head, is shown that the log goes on from
// it, and that an event is in it.
func TestLogProofs(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	if r := a.must(404, "auditor", "GET", "/v1/log/tree_head", ""); r.code() != "not_found" {
		t.Errorf("tree_head of nothing = %s", r.body)
	}
	ticket := a.ticket()
	a.comment("agent", ticket, "first", false)
	s.seal()
	var kept treeHead
	a.must(200, "auditor", "GET", "/v1/log/tree_head", "").decode(t, &kept)
	opened, err := audit.OpenHead([]byte(kept.Note), s.treeKey.String())
	if err != nil || kept.Key != s.treeKey.String() || opened.Size != kept.Size || opened.Root != hash(t, kept.RootHash) ||
		opened.Time() != kept.SignedAt || kept.Size != 2 || kept.Generation != 1 || kept.Origin != "commentd/log/0" {
		t.Errorf("tree_head = %+v, %v", kept, err)
	}
	for range 5 {
		a.comment("agent", ticket, "another", true)
	}
	s.seal()
	var c struct {
		From         int64    `json:"from"`
		To           int64    `json:"to"`
		FromRootHash string   `json:"from_root_hash"`
		ToRootHash   string   `json:"to_root_hash"`
		Proof        []string `json:"proof"`
		TreeHead     treeHead `json:"tree_head"`
	}
	a.must(200, "auditor", "GET", "/v1/log/proof/consistency?from=2", "").decode(t, &c)
	var proof []tlog.Hash
	for _, h := range c.Proof {
		proof = append(proof, hash(t, h))
	}
	if c.To != 7 || c.FromRootHash != kept.RootHash || c.ToRootHash != c.TreeHead.RootHash ||
		tlog.CheckTree(proof, c.To, hash(t, c.ToRootHash), 2, hash(t, kept.RootHash)) != nil {
		t.Errorf("consistency = %+v", c)
	}
	events, err := s.store.ReadAll(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, 5, 7} {
		path := "/v1/log/proof/inclusion?position=4"
		if size > 0 {
			path += fmt.Sprintf("&tree_size=%d", size)
		} else {
			size = 7
		}
		var in struct {
			Position int64    `json:"position"`
			LeafHash string   `json:"leaf_hash"`
			TreeSize int64    `json:"tree_size"`
			RootHash string   `json:"root_hash"`
			Proof    []string `json:"proof"`
			TreeHead treeHead `json:"tree_head"`
		}
		a.must(200, "auditor", "GET", path, "").decode(t, &in)
		proof = nil
		for _, h := range in.Proof {
			proof = append(proof, hash(t, h))
		}
		if in.Position != 4 || in.TreeSize != size || hash(t, in.LeafHash) != audit.LeafHash(0, &events[3]) ||
			tlog.CheckRecord(proof, size, hash(t, in.RootHash), 3, hash(t, in.LeafHash)) != nil {
			t.Errorf("%s = %+v", path, in)
		}
	}
}

// TestLogRefuses: what is asked wrongly, and what is nobody's business. Foreign and
// unknown positions are answered alike.
func TestLogRefuses(t *testing.T) {
	s := newStack(t)
	a, other := s.account("acme", directory.Settings{}), s.account("other", directory.Settings{})
	a.ticket()     // position 1
	other.ticket() // 2
	s.seal()
	a.ticket()     // 3, not sealed yet
	other.ticket() // 4, likewise
	inclusion, consistency := "/v1/log/proof/inclusion", "/v1/log/proof/consistency"
	for _, tt := range []struct {
		path   string
		status int
	}{
		{inclusion + "?position=1", 200}, {inclusion + "?position=1&tree_size=2", 200}, {inclusion + "?position=%31", 200},
		{inclusion + "?position=1&other=%zz&position2=x", 200},
		{inclusion, 400}, {inclusion + "?tree_size=1", 400}, {inclusion + "?position=", 400}, {inclusion + "?position=0", 400},
		{inclusion + "?position=+1", 400}, {inclusion + "?position=-1", 400}, {inclusion + "?position=1.0", 400}, {inclusion + "?position=1e3", 400},
		{inclusion + "?position=9007199254740992", 400}, {inclusion + "?position=99999999999999999999999", 400}, {inclusion + "?position=%zz", 400},
		{inclusion + "?position=1&position=1", 400}, {inclusion + "?position=1&tree_size=0", 400}, {inclusion + "?position=1&tree_size=3", 400},
		{inclusion + "?position=3", 404}, {inclusion + "?position=9007199254740991", 404},
		{consistency + "?from=1", 200}, {consistency + "?from=1&to=2", 200}, {consistency + "?from=2&to=2", 200},
		{consistency, 400}, {consistency + "?to=1", 400}, {consistency + "?from=2&to=1", 400}, {consistency + "?from=1&to=3", 400},
		{consistency + "?from=3", 400}, {consistency + "?from=a", 400}, {consistency + "?from=1&to=", 400},
	} {
		if r := a.do("auditor", "GET", tt.path, ""); r.status != tt.status {
			t.Errorf("GET %s = %d %s; want %d", tt.path, r.status, r.body, tt.status)
		}
	}
	for _, rest := range []string{"", "&tree_size=1", "&tree_size=2", "&tree_size=3", "&tree_size=99"} {
		var bodies []string
		for _, position := range []eventstore.Position{2, 4, 5, 77} { // foreign, foreign and not sealed, unknown, unknown
			r := a.must(404, "auditor", "GET", fmt.Sprintf("%s?position=%d%s", inclusion, position, rest), "")
			bodies = append(bodies, strings.ReplaceAll(string(r.body), r.header.Get("X-Request-Id"), ""))
		}
		for _, body := range bodies {
			if body != bodies[0] {
				t.Errorf("positions that are not the caller's are answered %q and %q", body, bodies[0])
			}
		}
	}
}
