package domain_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/commentd/commentd/domain"
)

// photo is an image with a thumbnail; its numbers are n and n+1.
func photo(n int64, name string) Attachment {
	return Attachment{
		Number: n, Name: name, Type: "image/png", Size: 9, Width: 3, Height: 4, Blob: BlobID{15: byte(n)}, Key: [32]byte{1}, Digest: [32]byte{2},
		Thumbnails: []Attachment{{Number: n + 1, Name: "thumb-" + name, Type: "image/png", Size: 5, Blob: BlobID{14: byte(n)}}},
	}
}

func redacted(n int64) Attachment {
	return Attachment{Number: n, Name: "redacted.txt", Type: "text/plain", Size: 1}
}

// said is one version with files.
func said(text string, files ...Attachment) Body { return Body{Text: text, Attachments: files} }

func TestRedactFiles(t *testing.T) {
	mail := Attachment{Number: 9, Name: "mail", Original: true, Blob: BlobID{1}}
	a, b := photo(10, "a.png"), photo(20, "b.png")
	for _, tt := range []struct {
		name        string
		given       []Body
		when        Redaction
		then        []Body
		files       []FileRedacted
		gone        []int64
		textKept    bool
		wantErr     error
		wantNothing bool
	}{
		{
			name:  "one file, in every version that has it, by the same placeholder",
			given: []Body{said("old", a), said("new", a, b)}, when: Redaction{Attachments: []int64{10}},
			then:  []Body{said("old", redacted(100)), said("new", redacted(100), b)},
			files: []FileRedacted{{10, 100}}, gone: []int64{10, 11}, textKept: true,
		},
		{
			name:  "everything",
			given: []Body{said("x", mail, a, b)}, when: Redaction{All: true},
			then:  []Body{said("▇▇▇▇", redacted(100), redacted(102))},
			files: []FileRedacted{{9, 0}, {10, 100}, {20, 102}}, gone: []int64{9, 10, 11, 20, 21},
		},
		{
			name:  "marks and a file; the e-mail goes with them",
			given: []Body{said("call 12345", a, mail)}, when: Redaction{MarkedHTML: envelope(`<p dir="auto">call <redact>12345</redact></p>`), Attachments: []int64{10}},
			then:  []Body{said("call ▇▇▇▇", redacted(100))},
			files: []FileRedacted{{10, 100}, {9, 0}}, gone: []int64{10, 11, 9},
		},
		{
			name:  "a text that is in a name alone",
			given: []Body{said("x", photo(10, "pin 12345.png"))}, when: Redaction{Text: "12345"},
			then: []Body{said("x", photo(10, "pin ▇▇▇▇.png"))},
		},
		{
			name:  "a text, and the e-mail that it came in",
			given: []Body{said("my 12345", mail, a)}, when: Redaction{Text: "12345"},
			then:  []Body{said("my ▇▇▇▇", a)},
			files: []FileRedacted{{9, 0}}, gone: []int64{9},
		},
		{name: "what is redacted already", given: []Body{said("x", redacted(100))}, when: Redaction{Attachments: []int64{100}}, wantNothing: true},
		{name: "a file of another comment", given: []Body{said("x", a)}, when: Redaction{Attachments: []int64{20}}, wantErr: ErrNoAttachment},
		{name: "a thumbnail", given: []Body{said("x", a)}, when: Redaction{Attachments: []int64{11}}, wantErr: ErrNoAttachment},
		{name: "the e-mail", given: []Body{said("x", mail)}, when: Redaction{Attachments: []int64{9}}, wantErr: ErrNoAttachment},
		{name: "a text that is nowhere", given: []Body{said("x", a)}, when: Redaction{Text: "12345"}, wantErr: ErrTextNotFound},
		{name: "a text and a file", given: []Body{said("x", a)}, when: Redaction{Text: "x", Attachments: []int64{10}}, wantErr: ErrNothingToRedact},
		{name: "all and a file", given: []Body{said("x", a)}, when: Redaction{All: true, Attachments: []int64{10}}, wantErr: ErrNothingToRedact},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.when.Placeholders = 100
			got, changed, err := Redact(tt.given, tt.when, MaskFixed)
			if tt.wantNothing {
				if err != nil || changed || !cmp.Equal(tt.given, got) {
					t.Errorf("Redact = %+v, %v, %v; want no change", got, changed, err)
				}
				return
			}
			if !errors.Is(err, tt.wantErr) || changed != (tt.wantErr == nil) {
				t.Fatalf("Redact = changed %v, %v; want %v", changed, err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.then, got); diff != "" {
				t.Errorf("Redact, -want +got:\n%s", diff)
			}
			if tt.wantErr != nil {
				return
			}
			files, gone, kept := FilesRedacted(tt.given, got)
			if !cmp.Equal(tt.files, files) || !cmp.Equal(tt.gone, gone) || kept != tt.textKept {
				t.Errorf("FilesRedacted = %v, %v, %v; want %v, %v, %v", files, gone, kept, tt.files, tt.gone, tt.textKept)
			}
			again := tt.when
			again.Attachments, again.Placeholders = nil, 200
			if again.Text == "" && !again.All {
				return
			}
			if _, changed, err := Redact(got, again, MaskFixed); changed || err != nil && !errors.Is(err, ErrTextNotFound) {
				t.Errorf("Redact again = changed %v, %v; want nothing to change", changed, err)
			}
		})
	}
}

func TestBodyEqual(t *testing.T) {
	given := said("x", photo(10, "a.png"))
	for name, change := range map[string]func(*Body){
		"voice":     func(b *Body) { b.Voice = `{"a":1}` },
		"file":      func(b *Body) { b.Attachments = append(b.Attachments, photo(20, "b.png")) },
		"name":      func(b *Body) { b.Attachments[0].Name = "c.png" },
		"thumbnail": func(b *Body) { b.Attachments[0].Thumbnails = nil },
		"inline":    func(b *Body) { b.Attachments[0].Inline = true },
	} {
		other := said("x", photo(10, "a.png"))
		if !given.Equal(other) {
			t.Fatal("equal bodies are not Equal")
		}
		if change(&other); given.Equal(other) {
			t.Errorf("another %s: the bodies are Equal", name)
		}
	}
}

func TestRedactVoice(t *testing.T) {
	given := Body{Text: "Call with 12345", Voice: `{"from":"12345","call_duration":40}`}
	got, changed, err := Redact([]Body{given}, Redaction{Text: "12345"}, MaskFixed)
	if want := (Body{Text: "Call with ▇▇▇▇", Voice: `{"from":"▇▇▇▇","call_duration":40}`}); err != nil || !changed || !got[0].Equal(want) {
		t.Errorf("Redact = %+v, %v, %v; want %+v", got, changed, err, want)
	}
	got, _, err = Redact([]Body{given}, Redaction{All: true}, MaskFixed)
	if err != nil || !got[0].Equal(text("▇▇▇▇")) {
		t.Errorf("Redact(all) = %+v, %v; want the mask alone", got, err)
	}
}
