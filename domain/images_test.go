package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/commentd/commentd/domain"
)

func TestImages(t *testing.T) {
	const a, b = `<img src="https://x.org/a?b=1&amp;c">`, `<img alt="b" src="https://x.org/b">`
	for _, tt := range []struct {
		name, given string
		all, marked []string
	}{
		{"none", `<p>x</p>`, nil, nil},
		{"by attribute", `<p>` + a + `<img alt="b" src="https://x.org/b" redact></p>`, []string{"https://x.org/a?b=1&c", "https://x.org/b"}, []string{"https://x.org/b"}},
		{"under a mark", `<p><redact>` + a + `text</redact>` + b + `</p>`, []string{"https://x.org/a?b=1&c", "https://x.org/b"}, []string{"https://x.org/a?b=1&c"}},
		{"within what is marked", `<p redact>` + b + `</p>` + a, []string{"https://x.org/b", "https://x.org/a?b=1&c"}, []string{"https://x.org/b"}},
		{"a mark that is not closed", `<redact>` + b, []string{"https://x.org/b"}, nil},
	} {
		if got := Images(tt.given); !cmp.Equal(tt.all, got) {
			t.Errorf("%s: Images = %q; want %q", tt.name, got, tt.all)
		}
		if got := MarkedImages(tt.given); !cmp.Equal(tt.marked, got) {
			t.Errorf("%s: MarkedImages = %q; want %q", tt.name, got, tt.marked)
		}
	}
}
