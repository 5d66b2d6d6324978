package imports

import (
	"io"
	"strings"
	"testing"
)

// Lines that are not asked for take little, however short they are.
func TestMeter(t *testing.T) {
	m := &meter{in: strings.NewReader("x\n" + strings.Repeat("\n", 1_000_000) + "y"), most: maxRecord}
	if _, err := io.Copy(io.Discard, m); err != nil {
		t.Fatal(err)
	}
	if most := int(m.read)/64 + 1; len(m.ends) > most {
		t.Errorf("%d words tell where the lines of %d bytes end; want %d at most", len(m.ends), m.read, most)
	}
	for _, tt := range []struct {
		at   int64
		want int
	}{{0, 1}, {1, 1}, {2, 2}, {2, 2}, {3, 3}, {63, 63}, {64, 64}, {65, 65}, {200, 200}, {999_999, 999_999}, {1_000_002, 1_000_002}, {1_000_003, 1_000_002}} {
		if got := m.lineAt(tt.at); got != tt.want {
			t.Errorf("byte %d is in line %d; want %d", tt.at, got, tt.want)
		}
	}
}
