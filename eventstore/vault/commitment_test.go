package vault

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// AES-GCM does not commit to its key: whoever holds two data keys can make one
// ciphertext that opens under both, to two texts. The digest in the event does
// commit, so that OpenVerified takes one of the two at most.
func TestTheDigestCommitsToOneText(t *testing.T) {
	v, b := benchVault(t)
	place := somePlace(7)
	one, two := ambiguous(b, &place)
	if !bytes.Equal(one[headerSize:], two[headerSize:]) {
		t.Fatal("there are two ciphertexts: the attack is no attack")
	}
	text, salt, err := b.open(nil, &place, one)
	other, _, otherErr := b.open(nil, &place, two)
	if err != nil || otherErr != nil || bytes.Equal(text, other) {
		t.Fatalf("the ciphertext opens to %x, %v and %x, %v: the attack is no attack", text, err, other, otherErr)
	}
	want := digest(salt[:], text)
	if _, err := v.OpenVerified(t.Context(), place, b.id, one, want); err != nil {
		t.Errorf("OpenVerified of the text that the log speaks of: %v", err)
	}
	if got, err := v.OpenVerified(t.Context(), place, b.id, two, want); !errors.Is(err, ErrDigest) {
		t.Errorf("OpenVerified of the other text = %x, %v; want ErrDigest", got, err)
	}
}

// ambiguous returns two sealed contents that differ in their data keys alone. It
// chooses four blocks of ciphertext so that both lengths in them are plausible,
// and solves the last block for equal tags.
func ambiguous(b *bucket, place *Place) (one, two []byte) {
	var aad additionalData
	aad.set(place, b.id)
	const at, length = saltSize, 64 - saltSize - 1
	k1 := newRawGCM(0)
	for n := byte(1); ; n++ {
		k2 := newRawGCM(n)
		ciphertext := make([]byte, 64)
		ciphertext[at] = length ^ k1.stream[at]
		if ciphertext[at]^k2.stream[at] > length {
			continue
		}
		// tag = mask + C·H² + the rest, for both keys.
		rest := k1.tag(aad.content[:], ciphertext).add(k2.tag(aad.content[:], ciphertext))
		last := rest.mul(k1.h.mul(k1.h).add(k2.h.mul(k2.h)).inverse())
		last.put(ciphertext[48:])
		tag := make([]byte, aes.BlockSize)
		k1.tag(aad.content[:], ciphertext).put(tag)
		row := func(k rawGCM) []byte {
			return slices.Concat([]byte{format}, b.aead.Seal(nil, nil, k.key, aad.dataKey[:]), k.nonce, ciphertext, tag)
		}
		return row(k1), row(k2)
	}
}

// rawGCM is AES-GCM laid open (NIST SP 800-38D).
type rawGCM struct {
	key, nonce, stream []byte
	h, mask            element
}

func newRawGCM(seed byte) rawGCM {
	g := rawGCM{key: bytes.Repeat([]byte{seed}, keySize), nonce: make([]byte, 12)}
	block, err := aes.NewCipher(g.key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, aes.BlockSize)
	block.Encrypt(out, make([]byte, aes.BlockSize))
	g.h = elementOf(out)
	for counter := range uint32(5) {
		block.Encrypt(out, binary.BigEndian.AppendUint32(bytes.Clone(g.nonce), counter+1))
		if counter == 0 {
			g.mask = elementOf(out)
		} else {
			g.stream = append(g.stream, out...)
		}
	}
	return g
}

func (g rawGCM) tag(aad, ciphertext []byte) element {
	pad := func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, -len(b)&15)...) }
	data := slices.Concat(pad(aad), pad(ciphertext))
	data = binary.BigEndian.AppendUint64(data, uint64(len(aad))*8)
	data = binary.BigEndian.AppendUint64(data, uint64(len(ciphertext))*8)
	var sum element
	for block := range slices.Chunk(data, aes.BlockSize) {
		sum = sum.add(elementOf(block)).mul(g.h)
	}
	return sum.add(g.mask)
}

// element is a polynomial over GF(2) modulo x¹²⁸+x⁷+x²+x+1; the first bit belongs
// to x⁰.
type element struct{ hi, lo uint64 }

func elementOf(b []byte) element {
	return element{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (a element) put(b []byte) {
	binary.BigEndian.PutUint64(b, a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
}

func (a element) add(b element) element { return element{a.hi ^ b.hi, a.lo ^ b.lo} }

func (a element) mul(b element) (product element) {
	for range 128 {
		if a.hi>>63 == 1 {
			product = product.add(b)
		}
		a = element{a.hi<<1 | a.lo>>63, a.lo << 1}
		carry := b.lo & 1
		b = element{b.hi>>1 ^ carry*0xe1<<56, b.lo>>1 | b.hi<<63}
	}
	return product
}

// inverse is the power 2¹²⁸-2.
func (a element) inverse() element {
	square, product := a, element{hi: 1 << 63}
	for range 127 {
		square = square.mul(square)
		product = product.mul(square)
	}
	return product
}

// TestRestore: what was disclosed is sealed anew for its event, and nothing else is.
func TestRestore(t *testing.T) {
	v := newDatabase(t).instance(rootKey(t, testRootKey))
	place := somePlace(7)
	sealed := mustSeal(t, v, place, "a text")
	document, salt, err := v.Disclose(t.Context(), place, sealed.BucketID, sealed.Bytes, sealed.Digest)
	if err != nil {
		t.Fatal(err)
	}
	restored, err := v.Restore(t.Context(), place, document, salt, sealed.Digest)
	if err != nil || restored.Digest != sealed.Digest || bytes.Equal(restored.Bytes, sealed.Bytes) {
		t.Fatalf("Restore = %+v, %v; want another seal with the digest %x", restored, err, sealed.Digest)
	}
	if got, err := v.OpenVerified(t.Context(), place, restored.BucketID, restored.Bytes, sealed.Digest); err != nil || !bytes.Equal(got, document) {
		t.Errorf("OpenVerified = %q, %v; want %q", got, err, document)
	}
	for name, try := range map[string]struct{ document, salt []byte }{
		"another text": {[]byte("b text"), salt}, "another salt": {document, make([]byte, saltSize)}, "no salt": {document, nil},
	} {
		if _, err := v.Restore(t.Context(), place, try.document, try.salt, sealed.Digest); !errors.Is(err, ErrDigest) {
			t.Errorf("Restore of %s: %v; want ErrDigest", name, err)
		}
	}
}
