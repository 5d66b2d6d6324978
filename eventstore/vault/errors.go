package vault

import "errors"

// None of these errors, and none that wraps them, repeats a text or a key.
var (
	// ErrDamaged: the bytes were altered, or sealed for another place. Contents,
	// documents and fingerprints are refused alike.
	ErrDamaged = errors.New("vault: damaged, or sealed for another place")
	// ErrDigest: the content opens, and is not the one that its event speaks of.
	ErrDigest = errors.New("vault: not the content that the log speaks of")
	// ErrDestroyed: the key was destroyed, and what it had sealed is gone.
	ErrDestroyed = errors.New("vault: the key was destroyed")
	// ErrNoKey: the keyring does not know the bucket. It belongs to another
	// database or was restored from an older backup.
	ErrNoKey = errors.New("vault: no such key in the keyring")
	// ErrWrongRootKey: the bucket is wrapped by a root key that this process does
	// not hold.
	ErrWrongRootKey = errors.New("vault: wrapped by another root key")
	// ErrUnavailable: the database of the keyring could not be asked. Nothing was
	// sealed or opened, and a later try may succeed.
	ErrUnavailable = errors.New("vault: the keyring is not available")
	// ErrCursor: the cursor is not one of ours, or was given out for another list.
	ErrCursor = errors.New("vault: not a cursor of this list")
	// ErrRootKey: the text is no root key. It does not repeat the text.
	ErrRootKey = errors.New("vault: a root key is 32 bytes in base64 or hexadecimal")
)
