package domain

import "slices"

// FileRedacted is a file that was removed for good, and what is in its place.
type FileRedacted struct {
	Old int64 `json:"old"`
	New int64 `json:"new,omitzero"` // 0: nothing, where an e-mail was
}

// NumbersPerFile is how many numbers a redaction takes for each attachment of the
// comment: its placeholder's, and after it that of the event in the audit.
const NumbersPerFile = 2

// A fileRedactor puts placeholders in the place of files: in every version the same.
type fileRedactor struct {
	all   bool
	named map[int64]bool
	next  int64           // number of the next placeholder
	given map[int64]int64 // placeholders, by what was there
}

func newFileRedactor(versions []Body, r Redaction) (*fileRedactor, error) {
	f := &fileRedactor{all: r.All, named: map[int64]bool{}, next: r.Placeholders, given: map[int64]int64{}}
	for _, n := range r.Attachments {
		if !slices.ContainsFunc(versions, func(b Body) bool { return b.hasAttachment(n) }) {
			return nil, ErrNoAttachment
		}
		f.named[n] = true
	}
	return f, nil
}

// HasOriginal reports whether the e-mail that it came from is among its files.
func (b Body) HasOriginal() bool {
	return slices.ContainsFunc(b.Attachments, func(a Attachment) bool { return a.Original })
}

func (b Body) hasAttachment(number int64) bool {
	return slices.ContainsFunc(b.Attachments, func(a Attachment) bool { return a.Number == number && !a.Original })
}

// redact returns the files of a version with some replaced. rename hides a secret in a
// name.
func (f *fileRedactor) redact(files []Attachment, rename func(string) string) []Attachment {
	var left []Attachment
	for _, a := range files {
		switch {
		case a.Original:
			if f.all {
				continue
			}
		case a.Placeholder():
		case f.all || f.named[a.Number]:
			a = f.placeholder(a.Number)
		default:
			a = renamed(a, rename)
		}
		left = append(left, a)
	}
	return left
}

func (f *fileRedactor) placeholder(old int64) Attachment {
	if f.given[old] == 0 {
		f.given[old] = f.next
		f.next += NumbersPerFile
	}
	return placeholder(f.given[old])
}

func renamed(a Attachment, rename func(string) string) Attachment {
	a.Name = rename(a.Name)
	a.Thumbnails = slices.Clone(a.Thumbnails)
	for i := range a.Thumbnails {
		a.Thumbnails[i] = renamed(a.Thumbnails[i], rename)
	}
	return a
}

// withoutOriginal drops the e-mail that a comment came from: what was hidden may be in
// it, in ways that cannot be told.
func withoutOriginal(files []Attachment) []Attachment {
	var left []Attachment
	for _, a := range files {
		if !a.Original {
			left = append(left, a)
		}
	}
	return left
}

// FilesRedacted returns what Redact has done to the files of a comment: those that were
// replaced, each once, and the numbers of all that are gone, thumbnails included. kept
// reports that nothing else has changed.
func FilesRedacted(versions, masked []Body) (files []FileRedacted, gone []int64, kept bool) {
	seen := map[int64]bool{}
	kept = true
	for i, before := range versions {
		after := masked[i].Attachments
		for _, a := range before.Attachments {
			now := Attachment{}
			if len(after) > 0 && a.Original == after[0].Original {
				now, after = after[0], after[1:]
			}
			if now.Number == a.Number {
				kept = kept && now.Name == a.Name
				continue
			}
			if !seen[a.Number] {
				replaced := FileRedacted{Old: a.Number}
				if !a.Original {
					replaced.New = now.Number
				}
				files, gone = append(files, replaced), append(gone, a.numbers()...)
			}
			seen[a.Number] = true
		}
		kept = kept && before.sameText(masked[i])
	}
	return files, gone, kept && len(files) > 0
}
