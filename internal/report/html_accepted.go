package report

import (
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// htmlAccepted is who accepts what, and which exceptions do nothing any more.
type htmlAccepted struct {
	Summary string
	List    htmlList[htmlAcceptance]
}

type htmlAcceptance struct {
	// State is "accepts", "ended" or "unused".
	State, ID, About, By, Reason, Until string
	Things                              htmlList[string]
}

func htmlAcceptedOf(v *verdict.Verdict, opt Options) htmlAccepted {
	h := htmlAccepted{}
	most := htmlReasons
	if opt.All {
		most = len(v.Findings) + len(v.Hygiene)
	}
	add := func(a *triage.Acceptance, state string, things []string) {
		one := htmlAcceptance{
			State: state, ID: legible(a.ID, htmlLine), About: legible(a.About, htmlLine), By: legible(a.By, htmlName),
			Reason: legible(a.Reason, htmlText), Until: legible(a.Until, htmlName),
		}
		for _, thing := range things {
			one.Things.put(legible(thing, htmlLine), min(most, htmlCleared))
		}
		h.List.put(one, most)
	}
	accepted := acceptancesOf(v)
	n := 0
	for i := range accepted {
		add(&accepted[i].Acceptance, "accepts", accepted[i].things)
		n += len(accepted[i].things)
	}
	if use := v.Coverage.Exceptions; use != nil {
		for i := range use.Expired {
			add(&use.Expired[i], "ended", nil)
		}
		for i := range use.Unused {
			state := "unused"
			if use.Unused[i].Expired {
				state = "ended"
			}
			add(&use.Unused[i], state, nil)
		}
	}
	if len(h.List.Items) > 0 {
		h.Summary = count(n, "finding") + " that somebody answers for"
	}
	return h
}
