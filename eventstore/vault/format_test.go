package vault

import (
	"encoding/hex"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
)

// What is stored outlives every release: the constants below were made once, were
// read by a second implementation of the formats, and can never change.
func TestFormatsAreForEver(t *testing.T) {
	const (
		wrapped = "31f6a58d1ddbf070b8bb437c7b18c11bb85ee99b8102517d57296291e9c148e10a042341627939533ebc3e5392be7afb" +
			"5529954f9603e9e8e49570ad"
		sealed = "0189838414b6346fe880e0ae536f1dffc369be31246ec20e68d0ddf9c8ae7f775ea12c538480c49e38cc689fdb133e99" +
			"870ca194fcff1a31c48b8ba696a8029d4ea6eac1d23aa7706a3b29021fa3d984966398b2db5b7f5cfd659a08f843fc68" +
			"2e362d8b31827f9f0a1e97b09f707c8ca9885ba9c45ce5e37994fdc0948e95e9f8ec4a4622a6df064291202ed1"
		digest = "9fe8ce286005ac71cd21be3af76f80f6898949105340470f2c59ccdececbf918"
	)
	var (
		root    = rootKey(t, testRootKey)
		v       = New(NewKeyring(nil, root))
		ticket  = domain.TicketID(uuid.MustParse("550e8400-e29b-41d4-a716-446655440000"))
		comment = uuid.MustParse("123e4567-e89b-12d3-a456-426614174000")
		author  = uuid.MustParse("789e0123-f45b-67c8-d901-234567890abc")
		place   = OfComment(7, ticket, domain.CommentID(comment), domain.ContentID(author))
	)
	row := keyRow{ID: 4711, Account: 7, Purpose: "content", Root: "287aa9ae2ea09ad8", Wrapped: unhex(t, wrapped)}
	if _, err := v.keyring.admit(t.Context(), row); err != nil {
		t.Fatalf("the bucket key does not open: %v", err)
	}
	got, err := v.OpenVerified(t.Context(), place, 4711, unhex(t, sealed), domain.Digest(unhex(t, digest)))
	if want := `{"body":"The printer is on fire."}`; err != nil || string(got) != want {
		t.Errorf("OpenVerified = %s, %v; want %s", got, err, want)
	}

	request := receiptKey{id: -500_000, hash: newKeyedHash(root.Derive("of a test"))}
	for what, is := range map[string][2]string{
		"ReceiptID": {v.ReceiptID(7, domain.UserID(author), "comments.create", "key 1").String(),
			"752955ea-913a-3c0e-2b71-127260e25aa6"},
		"fingerprint": {hex.EncodeToString(request.fingerprint(comment, []byte("request"))),
			"fffffffffff85ee02bc9911cfa916ca6c5c1cea2bd6261c661fa9e7489ea39b4157a84ea56f7faaf"},
		"EmailDigest": {hex.EncodeToString(v.EmailDigest(7, "ana@example.com")),
			"ec50b1db7386b5cf0581e0922c83a7987c930229e3e665e97992bd30b127d954"},
		"cursor": {NewCursorCipher(root).Seal([]byte("list"), 4711), "Hyj7sLWP5EJGRonrIlc7sQ"},
		"tag":    {NewTagger(root).Tag([]byte("a"), []byte("b")), "2N-LiuBbe7u3ec1HxOdCsQ"},
	} {
		if is[0] != is[1] {
			t.Errorf("%s = %s; it has always been %s", what, is[0], is[1])
		}
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
