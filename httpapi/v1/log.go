package v1

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
)

// The log is shared by all accounts. What these operations tell of it is hashes and how
// long it is: without that there are no proofs that one account's auditor could compare
// with another's. Of an event that is not the caller's they say nothing, not even that
// there is one.

// prover is what this API asks of the tree over the log: audit.Reader.
type prover interface {
	Head(ctx context.Context) (audit.Head, error)
	Inclusion(ctx context.Context, account domain.AccountID, position eventstore.Position, size int64) (audit.Inclusion, error)
	Consistency(ctx context.Context, from, to int64) (audit.Consistency, error)
	Key() *audit.Key
}

// A TreeHead says which log there was, and is signed.
type TreeHead struct {
	Origin     string `json:"origin" doc:"The name of the log."`
	Size       int64  `json:"size" doc:"Events in the tree."`
	RootHash   Hash   `json:"root_hash" doc:"Of the tree over them (RFC 6962)."`
	Generation int32  `json:"generation" doc:"Greater by one each time that a loss of events was accepted."`
	SignedAt   string `json:"signed_at" format:"date-time"`
	Key        string `json:"key" doc:"The verifier key; compare it with what you were told once (commentd log key)."`
	Note       string `json:"note" doc:"All of the above, signed: a note as of golang.org/x/mod/sumdb/note, whose first three lines are a C2SP tlog-checkpoint."`
}

// InclusionProof proves that an event is in the log.
type InclusionProof struct {
	Position int64    `json:"position"`
	LeafHash Hash     `json:"leaf_hash" doc:"Of the event: SHA-256 of a zero byte and its canonical bytes."`
	TreeSize int64    `json:"tree_size" doc:"The tree in which it is proved to be."`
	RootHash Hash     `json:"root_hash" doc:"Of that tree."`
	Proof    []Hash   `json:"proof" doc:"The audit path of leaf position-1 (RFC 6962, section 2.1.1)."`
	TreeHead TreeHead `json:"tree_head" doc:"The last one."`
}

// ConsistencyProof proves that a log begins with an earlier one.
type ConsistencyProof struct {
	From         int64    `json:"from"`
	To           int64    `json:"to"`
	FromRootHash Hash     `json:"from_root_hash"`
	ToRootHash   Hash     `json:"to_root_hash"`
	Proof        []Hash   `json:"proof" doc:"RFC 6962, section 2.1.2."`
	TreeHead     TreeHead `json:"tree_head" doc:"The last one."`
}

// Hash is a SHA-256 in base64.
type Hash string

var (
	inclusionParameters = []parameter{
		{"position", "Of an event of this account.", integer(1, maxPosition)},
		{"tree_size", "Of the tree to prove it in. Absent: the last one.", integer(1, maxPosition)},
	}
	consistencyParameters = []parameter{
		{"from", "The size of the earlier tree.", integer(1, maxPosition)},
		{"to", "The size of the later tree. Absent: the last one.", integer(1, maxPosition)},
	}
)

const maxPosition = 1<<53 - 1

// getTreeHead serves GET /v1/log/tree_head.
func (a *API) getTreeHead(w http.ResponseWriter, r *http.Request) error {
	if a.log == nil {
		return audit.ErrNoHead
	}
	h, err := a.log.Head(r.Context())
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, a.treeHead(&h))
}

// getInclusionProof serves GET /v1/log/proof/inclusion.
func (a *API) getInclusionProof(w http.ResponseWriter, r *http.Request) error {
	sizes, err := readSizes(r.URL.RawQuery, "position", "tree_size")
	if err != nil {
		return err
	}
	if a.log == nil {
		return audit.ErrNoEvent
	}
	in, err := a.log.Inclusion(r.Context(), auth.From(r.Context()).Account, eventstore.Position(sizes[0]), sizes[1])
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, InclusionProof{
		Position: int64(in.Position), LeafHash: hashOf(in.LeafHash), TreeSize: in.TreeSize, RootHash: hashOf(in.Root),
		Proof: hashesOf(in.Proof), TreeHead: a.treeHead(&in.Head),
	})
}

// getConsistencyProof serves GET /v1/log/proof/consistency.
func (a *API) getConsistencyProof(w http.ResponseWriter, r *http.Request) error {
	sizes, err := readSizes(r.URL.RawQuery, "from", "to")
	if err != nil {
		return err
	}
	if a.log == nil {
		return audit.ErrNoHead
	}
	c, err := a.log.Consistency(r.Context(), sizes[0], sizes[1])
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, ConsistencyProof{
		From: c.From, To: c.To, FromRootHash: hashOf(c.FromRoot), ToRootHash: hashOf(c.ToRoot),
		Proof: hashesOf(c.Proof), TreeHead: a.treeHead(&c.Head),
	})
}

func (a *API) treeHead(h *audit.Head) TreeHead {
	return TreeHead{
		Origin: audit.Origin(h.Shard), Size: h.Size, RootHash: hashOf(h.Root), Generation: h.Generation,
		SignedAt: h.Time(), Key: a.log.Key().String(), Note: string(a.log.Key().Note(h)),
	}
}

func hashOf(h tlog.Hash) Hash { return Hash(h.String()) }

func hashesOf(hashes []tlog.Hash) []Hash {
	all := make([]Hash, len(hashes))
	for i, h := range hashes {
		all[i] = hashOf(h)
	}
	return all
}

// readSizes reads two parameters of a query string, of which the second may be absent
// and is then 0. Others are ignored, however malformed.
func readSizes(raw string, names ...string) (sizes [2]int64, err error) {
	var seen [2]bool
	for pair := range strings.SplitSeq(raw, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		for i := range names {
			if nameErr != nil || name != names[i] {
				continue
			}
			if seen[i] {
				return sizes, problem.New(problem.BadRequest, name+" must be given once.")
			}
			seen[i] = true
			var ok bool
			if sizes[i], ok = parseSize(rawValue); !ok {
				return sizes, problem.New(problem.BadRequest, name+" must be an integer from 1 to 9007199254740991.")
			}
		}
	}
	if !seen[0] {
		return sizes, problem.New(problem.BadRequest, names[0]+" must be given.")
	}
	return sizes, nil
}

// parseSize reads digits alone: no sign, no space, no fraction.
func parseSize(raw string) (int64, bool) {
	s, err := url.QueryUnescape(raw)
	if err != nil || len(s) > 16 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && 1 <= n && n <= maxPosition
}
