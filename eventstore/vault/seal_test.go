package vault

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

func TestWhatIsSealedOpens(t *testing.T) {
	v, b := benchVault(t)
	place := somePlace(7)
	for _, n := range []int{0, 1, 13, 14, 15, 16, 110, 111, 112, 127, 128, 1_000, 16_383, 16_384, 65_536, 400_000} {
		document := []byte(strings.Repeat("ü", n)[:n])
		sealed := b.seal(&place, document)
		got, err := v.Open(t.Context(), place, b.id, sealed.Bytes)
		if err != nil || !bytes.Equal(got, document) {
			t.Errorf("Open of %d sealed bytes = %d bytes, %v", n, len(got), err)
		}
		got, err = v.OpenVerified(t.Context(), place, b.id, sealed.Bytes, sealed.Digest)
		if err != nil || !bytes.Equal(got, document) {
			t.Errorf("OpenVerified of %d sealed bytes = %d bytes, %v", n, len(got), err)
		}
	}
}

func TestAppendOpenKeepsWhatIsThere(t *testing.T) {
	v, b := benchVault(t)
	place := somePlace(7)
	sealed := b.seal(&place, []byte("second"))
	for _, room := range []int{0, 3, 1_000} {
		dst := append(make([]byte, 0, 6+room), "first,"...)
		got, err := v.AppendOpen(t.Context(), dst, place, b.id, sealed.Bytes)
		if err != nil || string(got) != "first,second" {
			t.Errorf("AppendOpen with room for %d = %q, %v; want first,second", room, got, err)
		}
		got, err = v.AppendOpen(t.Context(), dst, somePlace(7), b.id, sealed.Bytes)
		if !errors.Is(err, ErrDamaged) || string(got) != "first," {
			t.Errorf("AppendOpen in another place = %q, %v; want first, and ErrDamaged", got, err)
		}
	}
}

// A list opens thousands of contents a second: nothing but the cipher of the data
// key (two allocations) may be left to the garbage collector.
func TestAppendOpenLeavesNoGarbageOfItsOwn(t *testing.T) {
	v, b := benchVault(t)
	place := somePlace(7)
	sealed := b.seal(&place, benchDocument(100))
	dst := make([]byte, 0, 1_000)
	allocs := testing.AllocsPerRun(1_000, func() {
		if _, err := v.AppendOpen(context.Background(), dst, place, b.id, sealed.Bytes); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 2 {
		t.Errorf("AppendOpen allocates %v times; want 2", allocs)
	}
}

func TestEverySealIsDifferent(t *testing.T) {
	_, b := benchVault(t)
	place := somePlace(7)
	one, two := b.seal(&place, []byte("the same")), b.seal(&place, []byte("the same"))
	if one.Digest == two.Digest {
		t.Error("two seals of one text have the same digest")
	}
	if n := longestCommonRun(one.Bytes[1:], two.Bytes[1:]); n >= 6 {
		t.Errorf("two seals of one text have %d bytes in common", n)
	}
}

// longestCommonRun is how many bytes in a row two texts share at the same place.
func longestCommonRun(a, b []byte) (longest int) {
	run := 0
	for i := range a {
		if run++; a[i] != b[i] {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// A row of contents put in the place of another one does not open, wherever the
// two rows are from. Bucket keys are shared where they can be, so that it is the
// place alone that tells.
func TestNoContentOpensInThePlaceOfAnother(t *testing.T) {
	v, _ := benchVault(t)
	root := v.keyring.root.(*LocalRootKey)
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	places := map[string]Place{
		"a content":             OfComment(7, domain.TicketID(id(1)), domain.CommentID(id(2)), domain.ContentID(id(3))),
		"another version":       OfComment(7, domain.TicketID(id(1)), domain.CommentID(id(2)), domain.ContentID(id(4))),
		"another comment":       OfComment(7, domain.TicketID(id(1)), domain.CommentID(id(4)), domain.ContentID(id(3))),
		"another ticket":        OfComment(7, domain.TicketID(id(4)), domain.CommentID(id(2)), domain.ContentID(id(3))),
		"another account":       OfComment(8, domain.TicketID(id(1)), domain.CommentID(id(2)), domain.ContentID(id(3))),
		"ids in another order":  OfComment(7, domain.TicketID(id(2)), domain.CommentID(id(1)), domain.ContentID(id(3))),
		"the ticket's subject":  OfSubject(7, domain.TicketID(id(1)), domain.ContentID(id(3))),
		"a person":              OfPerson(7, domain.UserID(id(2))),
		"a comment like person": OfComment(7, domain.TicketID{}, domain.CommentID(id(2)), domain.ContentID{}),
	}
	type row struct {
		bucket int64
		sealed []byte
	}
	rows := make(map[string]row)
	for name, place := range places {
		b := &bucket{id: 100 + int64(place.account), aead: newAEAD(root.Derive("one key for all"))}
		if place.purpose == purposePerson {
			b.id = 200
		}
		v.keyring.buckets.Set(b.id, b)
		rows[name] = row{b.id, b.seal(&place, []byte(name)).Bytes}
	}
	for from, row := range rows {
		for to, place := range places {
			for _, bucket := range []int64{row.bucket, rows[to].bucket} {
				got, err := v.Open(t.Context(), place, bucket, row.sealed)
				switch {
				case from == to && (err != nil || string(got) != from):
					t.Errorf("Open of %s = %q, %v", from, got, err)
				case from != to && (!errors.Is(err, ErrDamaged) || got != nil):
					t.Errorf("Open of %s as %s in bucket %d = %q, %v; want ErrDamaged", from, to, bucket, got, err)
				}
			}
		}
	}
}

// The data key of one content and the text of another do not go together, nor does
// a data key open under a bucket that holds the same key.
func TestPartsOfContentsDoNotMix(t *testing.T) {
	v, b := benchVault(t)
	place := somePlace(7)
	one, two := b.seal(&place, []byte("one")), b.seal(&place, []byte("two"))
	mixed := slices.Concat(one.Bytes[:headerSize], two.Bytes[headerSize:])
	if got, err := v.Open(t.Context(), place, b.id, mixed); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open with the data key of another version = %q, %v; want ErrDamaged", got, err)
	}
	twin := &bucket{id: 2, aead: b.aead}
	v.keyring.buckets.Set(twin.id, twin)
	if got, err := v.Open(t.Context(), place, twin.id, one.Bytes); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open in another bucket = %q, %v; want ErrDamaged", got, err)
	}
}

func TestAnyDamageIsNoticed(t *testing.T) {
	v, b := benchVault(t)
	place := somePlace(7)
	sealed := b.seal(&place, []byte("The printer is on fire.")).Bytes
	refuse := func(what string, at int, damaged []byte) {
		if got, err := v.Open(t.Context(), place, b.id, damaged); !errors.Is(err, ErrDamaged) || got != nil {
			t.Errorf("Open %s %d = %q, %v; want ErrDamaged", what, at, got, err)
		}
	}
	for bit := range len(sealed) * 8 {
		damaged := bytes.Clone(sealed)
		damaged[bit/8] ^= 1 << (bit % 8)
		refuse("without bit", bit, damaged)
	}
	for n := range sealed {
		refuse("cut at", n, sealed[:n])
	}
	refuse("with bytes added:", 1, append(bytes.Clone(sealed), 0))
}

func TestOpenVerifiedRefusesWhatTheLogDoesNotSpeakOf(t *testing.T) {
	v, b := benchVault(t)
	place := somePlace(7)
	old, current := b.seal(&place, []byte("same text")), b.seal(&place, []byte("same text"))
	if got, err := v.OpenVerified(t.Context(), place, b.id, old.Bytes, current.Digest); !errors.Is(err, ErrDigest) || got != nil {
		t.Errorf("OpenVerified of an older seal = %q, %v; want ErrDigest", got, err)
	}
	if _, err := v.OpenVerified(t.Context(), place, b.id, old.Bytes, domain.Digest{}); !errors.Is(err, ErrDigest) {
		t.Errorf("OpenVerified with no digest = %v; want ErrDigest", err)
	}
}

func TestLengthsTellTheirClassOnly(t *testing.T) {
	_, b := benchVault(t)
	place := somePlace(7)
	lengths := make(map[int]int) // of sealed bytes, by how many documents have it
	for n := range 2_000 {
		plain := len(b.seal(&place, make([]byte, n)).Bytes) - headerSize - overhead
		if plain < smallest || plain < saltSize+1+n || sizeClass(plain) != plain {
			t.Fatalf("%d bytes are sealed as %d, which is no class that holds them", n, plain)
		}
		lengths[plain]++
	}
	if len(lengths) > 80 {
		t.Errorf("documents of up to 2,000 bytes have %d lengths", len(lengths))
	}
	for n := 1; n < 1<<20; n += 1 + n/100 {
		if class := sizeClass(n); class < n || n >= smallest && class-n > n/8 || sizeClass(n+1) < class {
			t.Errorf("sizeClass(%d) = %d, and of one more %d", n, class, sizeClass(n+1))
		}
	}
}

func TestNoNonceComesTwice(t *testing.T) {
	seals := 1_000_000
	if testing.Short() {
		seals = 100_000
	}
	_, b := benchVault(t)
	place := somePlace(7)
	type nonce [12]byte
	ofDataKeys, ofContents := make([]nonce, seals), make([]nonce, seals)
	for i := range seals {
		sealed := b.seal(&place, nil).Bytes
		ofDataKeys[i], ofContents[i] = nonce(sealed[1:]), nonce(sealed[headerSize:])
	}
	for _, nonces := range [][]nonce{ofDataKeys, ofContents} {
		slices.SortFunc(nonces, func(a, b nonce) int { return bytes.Compare(a[:], b[:]) })
		if n := len(slices.Compact(nonces)); n != seals {
			t.Errorf("%d seals have %d nonces", seals, n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	v, b := benchVault(f)
	place := benchPlace()
	f.Add([]byte{}, int64(1))
	f.Add(b.seal(&place, []byte("of this process, and in another place")).Bytes, int64(1))
	f.Add(bytes.Repeat([]byte{1}, headerSize+smallest+overhead), int64(1))
	here := benchPlace()
	f.Fuzz(func(t *testing.T, sealed []byte, salt int64) {
		if got, err := v.Open(context.Background(), here, 1, sealed); !errors.Is(err, ErrDamaged) || got != nil {
			t.Fatalf("Open = %q, %v; want ErrDamaged", got, err)
		}
		// The same bytes, sealed: whatever was sealed comes back.
		s := b.seal(&here, sealed)
		got, err := v.OpenVerified(context.Background(), here, 1, s.Bytes, s.Digest)
		if err != nil || !bytes.Equal(got, sealed) {
			t.Fatalf("OpenVerified = %q, %v; want %q", got, err, sealed)
		}
		// And not with a bit changed.
		s.Bytes[rand.New(rand.NewPCG(uint64(salt), 0)).IntN(len(s.Bytes))] ^= 0x10
		if got, err := v.Open(context.Background(), here, 1, s.Bytes); !errors.Is(err, ErrDamaged) {
			t.Fatalf("Open after damage = %q, %v; want ErrDamaged", got, err)
		}
	})
}
