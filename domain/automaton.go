package domain

// An automaton finds any number of patterns in one pass over a text (Aho and
// Corasick): a comment may have a thousand marks, and the time must not grow with
// their number.
type automaton struct {
	next map[step]int // the tree of patterns; state 0 is its root
	fail []int        // the state of the longest proper suffix that is in the tree
	ends []*pattern   // what ends here, nil if nothing does
	more []int        // the longest proper suffix at which something ends, 0 if none
}

type step struct {
	state int
	r     rune
}

// A pattern is a text to look for, and what to hide where it is found.
type pattern struct {
	size int // in runes
	// anywhere: all of it, even inside longer words.
	anywhere bool
	// asWord: these parts of it, where it is a word of its own.
	asWord []bounds
	// asAddress: all of it, where it is a word of its own in a text (not in an
	// attribute).
	asAddress bool
}

func newAutomaton() *automaton {
	return &automaton{next: map[step]int{}, ends: []*pattern{nil}}
}

// pattern returns the pattern for text, which is added if there is none yet. None may
// be added after seal.
func (a *automaton) pattern(text []rune) *pattern {
	state := 0
	for _, r := range text {
		to, ok := a.next[step{state, r}]
		if !ok {
			to = len(a.ends)
			a.next[step{state, r}] = to
			a.ends = append(a.ends, nil)
		}
		state = to
	}
	if a.ends[state] == nil {
		a.ends[state] = &pattern{size: len(text)}
	}
	return a.ends[state]
}

// seal makes the automaton ready to search. States are numbered so that a parent
// comes before its children, but not level by level, hence the queue.
func (a *automaton) seal() {
	children := make([][]step, len(a.ends))
	for from := range a.next {
		children[from.state] = append(children[from.state], from)
	}
	a.fail, a.more = make([]int, len(a.ends)), make([]int, len(a.ends))
	queue := []int{0}
	for len(queue) > 0 {
		parent := queue[0]
		queue = queue[1:]
		for _, s := range children[parent] {
			child := a.next[s]
			if parent != 0 {
				a.fail[child] = a.follow(a.fail[parent], s.r)
			}
			a.more[child] = a.fail[child]
			if a.ends[a.more[child]] == nil {
				a.more[child] = a.more[a.more[child]]
			}
			queue = append(queue, child)
		}
	}
}

func (a *automaton) follow(state int, r rune) int {
	for {
		if to, ok := a.next[step{state, r}]; ok {
			return to
		}
		if state == 0 {
			return 0
		}
		state = a.fail[state]
	}
}

// search calls found for each pattern that ends at each rune, longest first, until
// found returns false: then it goes on with the next rune.
func (a *automaton) search(runes []rune, found func(p *pattern, end int) bool) {
	state := 0
	for i, r := range runes {
		state = a.follow(state, r)
		for s := state; s != 0; s = a.more[s] {
			if a.ends[s] != nil && !found(a.ends[s], i+1) {
				break
			}
		}
	}
}
