package domain_test

import (
	"errors"
	"slices"
	"testing"

	. "github.com/commentd/commentd/domain"
)

func TestFlags(t *testing.T) {
	f, err := FlagsOf(22, 0, 4, 4)
	if want := []int{0, 4, 22}; err != nil || !slices.Equal(f.List(), want) || !f.Has(22) || f.Has(2) {
		t.Errorf("FlagsOf(22, 0, 4, 4) = %v, %v; want %v", f.List(), err, want)
	}
	if f, err := FlagsOf(); err != nil || f != 0 || f.List() != nil {
		t.Errorf("FlagsOf() = %v, %v; want none", f.List(), err)
	}
	for _, n := range []int{-1, 1, 6, 15, 19, 23, 31, 32, 64} {
		if _, err := FlagsOf(4, n); !errors.Is(err, ErrFlag) {
			t.Errorf("FlagsOf(4, %d) = %v; want %v", n, err, ErrFlag)
		}
	}
}

func TestChannels(t *testing.T) {
	for c := ChannelAPI; c <= ChannelSMS; c++ {
		text, _ := c.MarshalText()
		var got Channel
		if err := got.UnmarshalText(text); err != nil || got != c {
			t.Errorf("%s comes back as %s, %v", c, got, err)
		}
	}
	var c Channel
	for _, text := range []string{"", "API", "pigeon"} {
		if err := c.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("UnmarshalText(%q) = nil; want an error", text)
		}
	}
}
