package domain_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/commentd/commentd/domain"
)

func TestFileName(t *testing.T) {
	for given, want := range map[string]string{
		"report.pdf":                       "report.pdf",
		"Bericht März 2025.pdf":            "Bericht März 2025.pdf",
		"cafe\u0301.png":                   "café.png",
		"😀.gif":                            "😀.gif",
		"":                                 "",
		" . ":                              "",
		"..":                               "",
		"../../etc/passwd":                 "_.._etc_passwd",
		`C:\Users\a.txt`:                   "C__Users_a.txt",
		"\u200b.htaccess":                  "htaccess",
		".\u200b.htaccess":                 "htaccess",
		"a\x00.txt\r\nSet-Cookie: x":       "a.txtSet-Cookie_ x",
		"invoice\u202efdp.exe":             "invoicefdp.exe",
		"a.txt. . ":                        "a.txt",
		`"><script>`:                       "___script_",
		"\xff\xfea":                        "a",
		strings.Repeat("é", 200) + ".tiff": strings.Repeat("é", 125) + ".tiff",
		strings.Repeat("a", 300):           strings.Repeat("a", 255),
	} {
		if got := FileName(given); got != want {
			t.Errorf("FileName(%+q) = %+q; want %+q", given, got, want)
		}
	}
}

// A name stays what it was made, is text, and leads nowhere.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", ".\u200b.\u202e", strings.Repeat("é", 300), "\xff", "a/. b\\..", "e\u0301\u200b."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, given string) {
		name := FileName(given)
		if again := FileName(name); again != name {
			t.Errorf("FileName(%+q) = %+q, and of that %+q", given, name, again)
		}
		if !utf8.ValidString(name) || len(name) > 255 || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\\x00\r\n\"") {
			t.Errorf("FileName(%+q) = %+q", given, name)
		}
	})
}
