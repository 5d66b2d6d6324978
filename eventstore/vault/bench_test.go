package vault

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// benchVault is a vault with one bucket in memory: what it does needs no database.
func benchVault(tb testing.TB) (*Vault, *bucket) {
	root, err := ParseRootKey(GenerateRootKey())
	if err != nil {
		tb.Fatal(err)
	}
	k := NewKeyring(nil, root)
	b := &bucket{id: 1, aead: newAEAD(root.Derive("bench"))}
	k.buckets.Set(b.id, b)
	return New(k), b
}

func benchPlace() Place {
	return OfComment(7, domain.TicketID(uuid.New()), domain.CommentID(uuid.New()), domain.ContentID(uuid.New()))
}

func benchDocument(body int) []byte {
	return EncodeDocument(Document{
		Body:   strings.Repeat("The printer is on fire. ", body/24+1)[:body],
		Client: domain.Client{IP: "192.0.2.17", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"},
	})
}

// BenchmarkAppendOpen is what a list pays for each comment.
func BenchmarkAppendOpen(b *testing.B) {
	for _, size := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			v, bucket := benchVault(b)
			place := benchPlace()
			sealed := bucket.seal(&place, benchDocument(size))
			dst := make([]byte, 0, 2*len(sealed.Bytes))
			b.ReportAllocs()
			for b.Loop() {
				document, err := v.AppendOpen(context.Background(), dst, place, 1, sealed.Bytes)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := BodyJSON(document); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAppendOpenParallel shows what readers of one bucket cost each other.
func BenchmarkAppendOpenParallel(b *testing.B) {
	v, bucket := benchVault(b)
	place := benchPlace()
	sealed := bucket.seal(&place, benchDocument(100))
	b.RunParallel(func(pb *testing.PB) {
		dst := make([]byte, 0, 2*len(sealed.Bytes))
		for pb.Next() {
			if _, err := v.AppendOpen(context.Background(), dst, place, 1, sealed.Bytes); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkNewAEAD is the part of AppendOpen that one key per content costs.
func BenchmarkNewAEAD(b *testing.B) {
	key := make([]byte, keySize)
	b.ReportAllocs()
	for b.Loop() {
		newAEAD(key)
	}
}

func BenchmarkSeal(b *testing.B) {
	_, bucket := benchVault(b)
	place := benchPlace()
	document := benchDocument(100)
	b.ReportAllocs()
	for b.Loop() {
		bucket.seal(&place, document)
	}
}

func BenchmarkEncodeDocument(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		benchDocument(100)
	}
}

func BenchmarkCursor(b *testing.B) {
	v, _ := benchVault(b)
	cursors := NewCursorCipher(v.keyring.root)
	list := []byte("account, ticket, audience and order")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cursors.Open(list, cursors.Seal(list, 4711)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReceiptID(b *testing.B) {
	v, _ := benchVault(b)
	b.ReportAllocs()
	for b.Loop() {
		v.ReceiptID(7, domain.UserID{1}, "create", "a key of some length")
	}
}
