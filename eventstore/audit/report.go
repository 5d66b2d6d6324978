package audit

import (
	"fmt"
	"slices"
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Table   string `json:"table"`   // with its schema, or the name of a file
	Row     string `json:"row"`     // which one: the values of its key
	Problem string `json:"problem"` // never a text of anybody
}

func (f Finding) String() string { return f.Table + " " + f.Row + ": " + f.Problem }

// Accepted is a loss that an operator has accepted, as a signed head says.
type Accepted struct {
	Generation int32  `json:"generation"` // that began with it
	Sealed     int64  `json:"sealed"`     // events in the tree before
	Kept       int64  `json:"kept"`       // of them, those that the log still has
	At         string `json:"at"`
}

// Report is what Verify has found.
type Report struct {
	Position   int64 `json:"position"` // of the log's end, up to which everything was checked
	Epoch      int32 `json:"epoch"`
	Generation int32 `json:"generation"` // of the tree
	Sealed     int64 `json:"sealed"`     // events that a signed head covers
	Heads      int64 `json:"heads"`
	Witnessed  int64 `json:"witnessed"` // heads of a witness
	Tickets    int64 `json:"tickets"`
	Comments   int64 `json:"comments"`
	Contents   int64 `json:"contents"` // that were opened
	// Accepted are losses that were known before.
	Accepted []Accepted `json:"accepted_losses,omitempty"`
	// Skipped says what could not be checked, and why.
	Skipped  []string  `json:"skipped,omitempty"`
	Findings []Finding `json:"findings"`
	More     int64     `json:"more_findings"` // beyond those named
}

// OK reports whether everything is as it should be.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// maxFindings is how many a report names: who has overwritten everything need not be
// told a million times.
const maxFindings = 1000

func (r *Report) find(table, row, format string, args ...any) {
	f := Finding{table, row, fmt.Sprintf(format, args...)}
	switch {
	case slices.Contains(r.Findings, f): // by a verification that was interrupted, too
	case len(r.Findings) == maxFindings:
		r.More++
	default:
		r.Findings = append(r.Findings, f)
	}
}

// span names positions from one to another.
func span(from, to int64) string {
	if from == to {
		return fmt.Sprintf("position %d", from)
	}
	return fmt.Sprintf("positions %d to %d", from, to)
}
