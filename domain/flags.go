package domain

import (
	"errors"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Flags is a set of the flags that Zendesk's comments bear (contract §5.5): flag n is
// bit n. In events it is an ascending array of numbers.
type Flags uint32

// The flags that are known from the command alone: Decide sets them, whoever else did.
const (
	FlagNotParticipant   = 2  // the author is neither the requester nor of the helpdesk
	FlagOnBehalf         = 11 // somebody else than the author wrote it
	FlagPrivateByEndUser = 17 // an internal note of a customer
)

// The flags that an e-mail tells by itself.
const (
	FlagAutomatic      = 4  // a program has sent it
	FlagFileTooLarge   = 5  // a file that came with it is larger than files may be, and was not kept
	FlagForged         = 14 // it may not come from where it says
	FlagReplyElsewhere = 21 // answers are to go to another address
	FlagUnconfirmed    = 22 // nobody has heard of the sender's address before
)

// definedFlags are those that have a meaning.
var definedFlags = flagSet(0, 2, 3, 4, 5, 11, 14, 16, 17, 18, 20, 21, 22)

// ErrFlag: a number that is no flag.
var ErrFlag = errors.New("there is no such flag")

// FlagsOf returns the set of some flags, or ErrFlag.
func FlagsOf(flags ...int) (Flags, error) {
	for _, n := range flags {
		if n < 0 || n > 31 || !definedFlags.Has(n) {
			return 0, ErrFlag
		}
	}
	return flagSet(flags...), nil
}

func flagSet(flags ...int) (f Flags) {
	for _, n := range flags {
		f |= 1 << n
	}
	return f
}

// Has reports whether the flag is in the set.
func (f Flags) Has(flag int) bool { return f&(1<<flag) != 0 }

// List returns the flags in ascending order, nil if there are none.
func (f Flags) List() (list []int) {
	for n := range 32 {
		if f.Has(n) {
			list = append(list, n)
		}
	}
	return list
}

// MarshalJSONTo writes an array of numbers.
func (f Flags) MarshalJSONTo(e *jsontext.Encoder) error {
	b := []byte{'['}
	for i, n := range f.List() {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return e.WriteValue(append(b, ']'))
}

// UnmarshalJSONFrom reads what MarshalJSONTo wrote.
func (f *Flags) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	start, err := d.ReadToken()
	if err != nil {
		return err
	}
	if start.Kind() != '[' {
		return ErrFlag
	}
	*f = 0
	for d.PeekKind() == '0' {
		number, err := d.ReadToken()
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(number.String())
		if err != nil || n < 0 || n > 31 {
			return ErrFlag
		}
		*f |= 1 << n
	}
	end, err := d.ReadToken()
	if err == nil && end.Kind() != ']' {
		err = ErrFlag
	}
	return err
}

// addFlags is a set with those added that the command makes plain.
func addFlags(f Flags, by Actor, author Author, public bool, requester *UserID) Flags {
	if author.ID != by.ID {
		f |= 1 << FlagOnBehalf
	}
	if author.Type == AuthorCustomer {
		if requester == nil || *requester != author.ID {
			f |= 1 << FlagNotParticipant
		}
		if !public {
			f |= 1 << FlagPrivateByEndUser
		}
	}
	return f
}
