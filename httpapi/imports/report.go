package imports

import "fmt"

// Count is what has become of the things of one kind that are in a file: each is in one of
// the other numbers.
type Count struct {
	InFile  int `json:"in_file"`
	Written int `json:"written"` // or would be
	There   int `json:"there_already"`
	// Contained: it is part of something that is carried. People are if somebody here has
	// their address.
	Contained int `json:"contained"`
	// NotCarried is by reason.
	NotCarried map[string]int `json:"not_carried,omitempty"`
	Waiting    int            `json:"waiting"` // for a file of this comment or an earlier one
	Refused    int            `json:"refused"`
}

// accounted is how many of the things it is known of what has become of them.
func (c *Count) accounted() int {
	return c.Written + c.There + c.Contained + c.Left() + c.Waiting + c.Refused
}

// Left is how many are not carried.
func (c *Count) Left() (n int) {
	for _, left := range c.NotCarried {
		n += left
	}
	return n
}

// Report is what has become of all that is in a file.
type Report struct {
	DryRun   bool  `json:"dry_run"`
	People   Count `json:"people"`
	Tickets  Count `json:"tickets"`
	Audits   Count `json:"audits"` // and comments that stand for themselves
	Comments Count `json:"comments"`
	Events   Count `json:"events"` // of audits, beside comments
	Files    Count `json:"files"`
	// Unreadable: passages that are no JSON, or no thing of Zendesk's.
	Unreadable int `json:"unreadable"`
	// NewNumbers: tickets and people who could not keep the number that they had there.
	NewNumbers int `json:"new_numbers"`
	// Hidden: comments that were here, and are internal notes now as they are there.
	Hidden int `json:"hidden"`
	// Mistakes are the first of what was refused and of what waits.
	Mistakes []Mistake `json:"mistakes,omitempty"`
}

// A Mistake is something in the file that could not be taken in.
type Mistake struct {
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

// maxMistakes is how many are told of.
const maxMistakes = 100

// Kinds are the counts of a report by name, in the order in which they are told.
func (r *Report) Kinds() []struct {
	Name string
	*Count
} {
	return []struct {
		Name string
		*Count
	}{
		{"people", &r.People}, {"tickets", &r.Tickets}, {"audits", &r.Audits}, {"comments", &r.Comments}, {"events", &r.Events}, {"files", &r.Files},
	}
}

// Unreconciled names the kinds of which something is neither here nor said to be missing. There
// are none, unless this program is wrong.
func (r *Report) Unreconciled() (kinds []string) {
	for _, k := range r.Kinds() {
		if k.InFile != k.accounted() {
			kinds = append(kinds, fmt.Sprintf("%s: %d in the file, %d accounted for", k.Name, k.InFile, k.accounted()))
		}
	}
	return kinds
}

// Incomplete reports whether something of the file is not here that should be.
func (r *Report) Incomplete() bool {
	for _, k := range r.Kinds() {
		if k.Refused > 0 || k.Waiting > 0 {
			return true
		}
	}
	return r.Unreadable > 0
}
