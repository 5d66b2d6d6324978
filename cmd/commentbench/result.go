package main

import (
	"fmt"
	"math"
)

// result is a line of the table.
type result struct {
	ID      string `json:"id"` // as in the table of targets: A, B, C, C', D, F, G, H, R
	What    string `json:"what"`
	Unit    string `json:"unit"`
	Product series `json:"product"`
	Against string `json:"against,omitempty"` // what floor is
	Floor   series `json:"floor,omitempty"`
	// Ratio is product ÷ floor, round by round; empty where there is no floor.
	Ratio  series  `json:"ratio,omitempty"`
	Target *target `json:"target,omitempty"` // of the ratio, or of the product if there is none
	// Cost is how much processor time a call of the product takes, all of the machine
	// counted, ÷ a call of the floor.
	Cost series `json:"cost,omitempty"`
	Note string `json:"note,omitempty"`
	// Verdict is met, aim, MISSED or, without a target, empty.
	Verdict string `json:"verdict,omitempty"`
}

// target is what a number should be.
type target struct {
	AtMost bool    `json:"at_most"` // else at least
	Value  float64 `json:"value"`
	Aim    float64 `json:"aim,omitempty"` // beyond the target; 0: none
}

func atLeast(value float64) *target         { return &target{Value: value} }
func atMost(value float64) *target          { return &target{AtMost: true, Value: value} }
func (t *target) aim(value float64) *target { t.Aim = value; return t }
func (t *target) met(n, value float64) bool { return t.AtMost == (n < value) || n == value }

func (t *target) String() string {
	if t == nil {
		return ""
	}
	sign := "≥"
	if t.AtMost {
		sign = "≤"
	}
	text := sign + " " + short(t.Value)
	if t.Aim != 0 {
		text += ", aim " + short(t.Aim)
	}
	return text
}

// versus is a result that is a ratio.
func versus(id, what, unit string, product series, against string, floor series, t *target) result {
	r := result{ID: id, What: what, Unit: unit, Product: product, Against: against, Floor: floor, Ratio: product.over(floor), Target: t}
	r.judge(r.Ratio)
	return r
}

// rates is versus for the rates of two probes.
func rates(id, what string, product []sample, against string, floor []sample, t *target) result {
	r := versus(id, what, "1/s", each(product, sample.rate), against, each(floor, sample.rate), t)
	r.Cost = each(product, sample.cost).over(each(floor, sample.cost))
	return r
}

// absolute is a result that is a number.
func absolute(id, what, unit string, product series, t *target) result {
	r := result{ID: id, What: what, Unit: unit, Product: product, Target: t}
	r.judge(product)
	return r
}

// judge compares the median with the target.
func (r *result) judge(number series) {
	switch n := number.median(); {
	case r.Target == nil:
	case len(number) == 0:
		r.Verdict = "not measured"
	case !r.Target.met(n, r.Target.Value):
		r.Verdict = "MISSED"
	case r.Target.Aim != 0 && r.Target.met(n, r.Target.Aim):
		r.Verdict = "met, and the aim"
	default:
		r.Verdict = "met"
	}
}

// short prints a number as exactly as anyone should take it.
func short(n float64) string {
	switch size := math.Abs(n); {
	case size >= 100:
		return fmt.Sprintf("%.0f", n)
	case size >= 10:
		return fmt.Sprintf("%.1f", n)
	case n == math.Trunc(n):
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

// spread prints the median and, of several rounds, the extremes.
func (s series) spread() string {
	switch len(s) {
	case 0:
		return ""
	case 1:
		return short(s[0])
	}
	return fmt.Sprintf("%s (%s–%s)", short(s.median()), short(s.min()), short(s.max()))
}
