package domain

import "errors"

// The refusals of a redaction. None of them quotes a text.
var (
	// ErrNothingToRedact: no text, or nothing visible in it, or more than one way to
	// say what to hide.
	ErrNothingToRedact = errors.New("say what to redact: a text, or html with marks, or attachments, or all")
	// ErrTextNotFound: no version of the comment holds the text.
	ErrTextNotFound = errors.New("the text does not occur in the comment")
	// ErrMarks: without its marks the html is not the comment's, or a <redact> is not
	// closed.
	ErrMarks = errors.New("the html is not that of the comment with marks added, or a mark is not closed")
)

// A Redaction says what to hide in a comment. Exactly one of Text, MarkedHTML, All and
// Attachments is set, or MarkedHTML and Attachments are.
type Redaction struct {
	// Text is hidden wherever it occurs, case and all, whatever tags, entities or
	// invisible characters stand within it (contract §8.2).
	Text string
	// MarkedHTML is today's html_body with <redact> around what to hide, or with the
	// attribute redact on elements (contract §8.3). What is marked is hidden there and
	// wherever else it occurs; see Secret for very short marks.
	MarkedHTML string
	// All hides everything.
	All bool
	// Attachments are the numbers of files that are destroyed. Placeholders take their
	// place.
	Attachments []int64
	// Placeholders is the first of NumbersPerFile numbers for each attachment that the
	// comment has or had.
	Placeholders int64
}

// Redact hides it in every version. The last one is what the comment says today; the
// masked versions are in the same order. Without a change there is nothing to record:
// what was marked is masked already, or nothing was.
//
// What was to be hidden can afterwards be read in no version, nor in its attributes or
// its source, nor in the name of a file; apart from that nothing is touched, byte for
// byte. Redacting again changes nothing. The e-mail that the comment came from goes with
// whatever is hidden: see Secret.Hide for how to make it anew.
func Redact(versions []Body, r Redaction, mask Mask) (masked []Body, changed bool, err error) {
	secret, err := NewSecret(versions, r)
	if err != nil {
		return nil, false, err
	}
	files, err := newFileRedactor(versions, r)
	if err != nil {
		return nil, false, err
	}
	found := false
	masked = make([]Body, len(versions))
	for i, b := range versions {
		var places []bounds
		if i == len(versions)-1 {
			places = secret.places
		}
		next, here := secret.redact(b, mask, places)
		next.Attachments = files.redact(b.Attachments, func(name string) string {
			masked, inName := secret.redact(Body{Text: name}, mask, nil)
			here = here || inName
			return masked.Text
		})
		masked[i] = next
		found = found || here
		changed = changed || !next.Equal(b)
	}
	if r.Text != "" && !found {
		return nil, false, ErrTextNotFound
	}
	if changed {
		for i := range masked {
			masked[i].Attachments = withoutOriginal(masked[i].Attachments)
		}
	}
	return masked, changed, nil
}

// redactRounds is how often a body is masked before it is given up. One round is
// enough unless the secret holds glyphs of a mask: then a new mask may, together with
// what stands before or behind it, spell the secret anew.
const redactRounds = 8

// redact returns b with the secret hidden, without its files, and whether the secret was
// found at all.
func (s *Secret) redact(b Body, m Mask, places []bounds) (Body, bool) {
	if s.all {
		return Body{Text: fixedMask}, true
	}
	if s.filesOnly {
		b.Attachments = nil
		return b, false
	}
	custom, inCustom := s.redactCustom(b.Custom, m, s.readsEncoded)
	voice, inVoice := s.redactCustom(b.Voice, m, s.readsInCall)
	source, inSource := s.redactCustom(b.Source, m, s.readsEncoded)
	flagged, inFlagged := s.redactCustom(b.Flagged, m, s.readsEncoded)
	masked, inText := s.redactWritten(Body{Text: b.Text, HTML: b.HTML}, m, places)
	masked.Custom, masked.Voice, masked.Source, masked.Flagged = custom, voice, source, flagged
	return masked, inCustom || inVoice || inSource || inFlagged || inText
}

// redactWritten is redact for a text alone.
func (s *Secret) redactWritten(b Body, m Mask, places []bounds) (Body, bool) {
	if b.HTML != "" {
		b.HTML = SanitiseHTML(b.HTML) // what was sanitised by an earlier release, too
	}
	found := false
	for range redactRounds {
		next, here := s.round(b, m, places)
		found = found || here
		if next.sameText(b) {
			return b, found
		}
		b, places = next, nil
	}
	return Body{Text: fixedMask}, true
}

func (s *Secret) round(b Body, m Mask, places []bounds) (Body, bool) {
	if b.HTML == "" {
		text, found := s.redactText(b.Text, m, places)
		return Body{Text: text}, found > 0
	}
	root, err := parseHTML(b.HTML)
	if err != nil { // not what SanitiseHTML returns
		return Body{Text: fixedMask}, true
	}
	inHTML := s.redactTree(root, m, places)
	return s.redactTextBeside(b, SanitiseHTML(renderHTML(root)), inHTML, m)
}

// redactText also returns at how many places it found the secret.
func (s *Secret) redactText(text string, m Mask, places []bounds) (string, int) {
	spans := s.spans(text, inText)
	if len(places) > 0 {
		spans = append(spans, read(text).spansOf(places)...)
		sortSpans(spans)
	}
	return splice(text, bounds{0, len(text)}, m.hide(text, spans)), separate(spans)
}

// separate returns how many of the spans, in order of their beginnings, there are if those
// that overlap count as one.
func separate(spans []bounds) int {
	n, end := 0, 0
	for _, b := range spans {
		if n == 0 || b.from >= end {
			n++
		}
		end = max(end, b.to)
	}
	return n
}
