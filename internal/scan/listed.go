package scan

import (
	"context"
	"fmt"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// Listed is what somebody else wrote down about an image: an SBOM.
type Listed struct {
	Image    verdict.Image
	Packages []inventory.Package
	// Unidentified counts listed components that can't be looked up.
	Unidentified int
	// Incomplete is what the list says of its own gaps, empty for nothing.
	Incomplete string
}

// notListed are the kinds of things that a list of packages leaves out.
var notListed = []string{"files", "secrets", "planted code", "altered executables", "configuration and history"}

// JudgeListed gives the verdict on what is listed. Vulnerabilities are found as
// in the image that the list was made of; nothing else is, and the verdict says so.
func (s *Scanner) JudgeListed(ctx context.Context, l *Listed) (*verdict.Verdict, error) {
	s.progress(Event{Kind: Matching})
	e := &Examined{
		Description: l.Image, Base: l.Image.Base, Account: &account.Account{},
		Merged: &evidence.Merged{Inventory: inventory.Inventory{Distribution: l.Image.Distribution, Packages: l.Packages}},
	}
	if l.Incomplete != "" {
		e.Merged.Problems = append(e.Merged.Problems, evidence.LayerProblem{Layer: -1, Problem: evidence.Problem{Reason: l.Incomplete, Incomplete: true}})
	}
	if n := l.Unidentified; n > 0 {
		e.Merged.Problems = append(e.Merged.Problems, evidence.LayerProblem{Layer: -1, Problem: evidence.Problem{
			Reason: fmt.Sprintf("%d of the SBOM's components have neither a package URL nor a CPE and could not be looked up", n),
		}})
	}
	v, err := s.judge(ctx, e)
	if err != nil {
		return nil, err
	}
	v.Image = l.Image
	s.cover(v, e.Merged, 0)
	v.Coverage.NotExamined = notListed
	v.Coverage.NotRuledOut = listedNotRuledOut(v, l.Unidentified)
	v.Headline = verdict.Summarise(v)
	return v, nil
}

// listedNotRuledOut are the sentences that keep a verdict on a list honest.
func listedNotRuledOut(v *verdict.Verdict, unidentified int) []string {
	s := []string{
		"everything that the SBOM does not list: the image itself was not read",
		"secrets, planted code, altered executables, and what configuration and history should not hold: scan the image for these",
		"that the SBOM tells the truth about the image: no signature was checked",
		"vulnerabilities that no database lists yet",
		"whether vulnerable code is reached: a finding means that the package is listed",
	}
	if len(v.Packages) == 0 {
		s = append([]string{"everything: the SBOM lists no package that can be looked up"}, s...)
	}
	if v.Image.Distribution == nil {
		s = append(s, "vulnerabilities of operating-system packages: the SBOM names no distribution")
	}
	if unidentified > 0 {
		s = append(s, fmt.Sprintf("vulnerabilities of %d components without a package URL or a CPE", unidentified))
	}
	return s
}
