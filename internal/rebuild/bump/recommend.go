package bump

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// tolerance is the share of the base's fixable HIGH and CRITICAL findings that a
// smaller step may leave: less than a tenth. Below ten of them it is none, so that
// the step must clear as many as any.
const tolerance = 10

// recommend chooses among candidates, which are sorted by it.
//
// A candidate's gain is the fixable HIGH and CRITICAL findings that it clears less
// those that it adds. Of the candidates that may be recommended at all, the most
// that one gains is the mark; the nearest that comes within a tenth of the base's
// count of it is the step to take. A base whose distribution gets no fixes any
// more is left even where nothing is gained. The step after it is the nearest
// further one that gains more, or is supported longer and gains no less.
func recommend(a *Advice) {
	sortCandidates(a.Candidates)
	rescue := a.Before != nil && !a.Before.Support.Covered
	best, may := 0, 0
	for i := range a.Candidates {
		c := &a.Candidates[i]
		if len(c.Blocked) > 0 {
			continue
		}
		if may++; may == 1 || c.Gain > best {
			best = c.Gain
		}
	}
	urgent := 0
	if a.Before != nil {
		urgent = a.Before.Counts.Urgent
	}
	switch {
	case len(a.Candidates) == 0 && a.current && a.Complete:
		a.Decision, a.Why = Stay, "the base is what its tag points at today, and no other step was found"
	case len(a.Candidates) == 0:
		a.Decision, a.Why = Unknown, "there is no other image to compare with"
	case may == 0:
		a.Decision, a.Why = Unknown, "none of the candidates may be recommended, each for the reasons beside it"
	case best <= 0 && !rescue:
		a.Decision = Stay
		a.Why = fmt.Sprintf("no candidate clears more fixable HIGH/CRITICAL findings than it adds; the base has %d", urgent)
	default:
		a.choose(best, urgent, rescue)
	}
	a.Text = a.text()
}

// sortCandidates puts the nearest first, and of equals the one that leaves least.
func sortCandidates(all []Candidate) {
	slices.SortStableFunc(all, func(x, y Candidate) int {
		return cmp.Or(
			x.Distance.Compare(y.Distance),
			cmp.Compare(y.Gain, x.Gain),
			cmp.Compare(x.Counts.Fixable, y.Counts.Fixable),
			cmp.Compare(x.Counts.Unfixed, y.Counts.Unfixed),
			cmp.Compare(x.Size, y.Size),
			y.Created.Compare(x.Created),
			cmp.Compare(x.Reference, y.Reference),
		)
	})
}

func (a *Advice) choose(best, urgent int, rescue bool) {
	a.Decision = Bump
	mark := best - urgent/tolerance
	if !rescue {
		mark = max(mark, 1)
	}
	at := slices.IndexFunc(a.Candidates, func(c Candidate) bool { return len(c.Blocked) == 0 && c.Gain >= mark })
	c := &a.Candidates[at]
	a.Recommended = c.Reference
	switch {
	case rescue && c.Gain <= 0:
		a.Why = "the base's distribution gets no fixes any more, and this is the nearest step to one that does"
	case c.Gain == best:
		a.Why = "no candidate clears more, and none that clears as much is nearer"
	default:
		a.Why = fmt.Sprintf("the nearest that comes within a tenth of the base's %d of what the best candidate clears (%d against %d)", urgent, c.Gain, best)
	}
	for i := at + 1; i < len(a.Candidates); i++ {
		n := &a.Candidates[i]
		if len(n.Blocked) > 0 || n.Distance.Compare(c.Distance) <= 0 {
			continue
		}
		var why []string
		if n.Gain > c.Gain {
			why = append(why, fmt.Sprintf("clears %d more fixable HIGH/CRITICAL", n.Gain-c.Gain))
		}
		if n.Gain >= c.Gain && longer(n.Support, c.Support) {
			why = append(why, "is supported until "+n.Support.Ends+" instead of "+c.Support.Ends)
		}
		if len(why) > 0 {
			a.Next, a.NextWhy = n.Reference, strings.Join(why, ", and ")
			return
		}
	}
	a.NextWhy = "no further step clears more or is supported longer"
}

func longer(a, b Support) bool {
	return !a.ends.IsZero() && !b.ends.IsZero() && a.ends.After(b.ends)
}

// Find returns a candidate by its reference; nil for none.
func (a *Advice) Find(reference string) *Candidate {
	for i := range a.Candidates {
		if reference != "" && a.Candidates[i].Reference == reference {
			return &a.Candidates[i]
		}
	}
	return nil
}

// text writes the line that decides.
func (a *Advice) text() string {
	from := firstOf(a.Base.Reference, "the base")
	c := a.Find(a.Recommended)
	switch {
	case a.Decision == Bump:
		s := fmt.Sprintf("%s: %s → %s (%s): clears %d of %d fixable HIGH/CRITICAL", a.Decision, from, c.Reference, c.Distance, c.Clears.Urgent, a.Before.Counts.Urgent)
		if c.Reference == a.Base.Reference {
			s = fmt.Sprintf("%s: %s, built again: clears %d of %d fixable HIGH/CRITICAL", a.Decision, from, c.Clears.Urgent, a.Before.Counts.Urgent)
		}
		if c.Adds.Urgent > 0 {
			s += fmt.Sprintf(" and adds %d", c.Adds.Urgent)
		}
		if left := c.Counts.Urgent; left > 0 {
			s += fmt.Sprintf("; %d remain", left)
		}
		return s
	case a.Decision == Stay:
		return fmt.Sprintf("%s on %s: %s", a.Decision, from, a.Why)
	case a.Base.Reference == "":
		return string(a.Decision) + ": nobody says which image the base is; name it with --base, or candidates with --candidates"
	}
	return fmt.Sprintf("%s: what to do about %s: %s", a.Decision, from, a.Why)
}
