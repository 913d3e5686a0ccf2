package triage

import (
	"cmp"
	"fmt"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/distro"
	"plimsoll/internal/inventory"
)

// Support judges the distribution release itself: past its end of life no
// advisories appear any more, and their absence is not a clean bill. It returns
// no finding while fixes still reach the image, and where the dates are unknown.
func Support(inv *inventory.Inventory, now time.Time) []Finding {
	d := inv.Distribution
	if d == nil {
		return nil
	}
	f := Finding{
		ID:      Fingerprint(string(EndOfLife), string(distro.FamilyOf(d)), distro.Release(d)),
		Kind:    EndOfLife,
		Package: d.ID,
		Version: distro.Release(d),
		Origin:  inventory.LayerRef{Index: -1},
		Agreed:  true,
	}
	name := cmp.Or(d.PrettyName, d.ID+" "+d.VersionID)
	dates, _ := distro.EndOfLife(d)
	switch distro.EndedBy(d, now) {
	case distro.SupportLTS:
		f.Severity, f.Disposition = advisory.Medium, Defer
		f.Title = fmt.Sprintf("%s left standard support on %s; long-term support, for fewer packages, ends on %s", name, date(dates.Standard), date(dates.LTS))
	case distro.SupportExtended:
		if distro.Covered(d, now) {
			return nil
		}
		f.Severity, f.Disposition = advisory.High, Rebuild
		f.Title = fmt.Sprintf("%s gets no security updates since %s without a subscription", name, date(later(dates.Standard, dates.LTS)))
	case distro.SupportEnded:
		f.Severity, f.Disposition = advisory.High, Rebuild
		f.Title = fmt.Sprintf("%s gets no security updates since %s", name, date(later(later(dates.Standard, dates.LTS), dates.Extended)))
	default:
		return nil
	}
	return []Finding{f}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func date(t time.Time) string { return t.Format(time.DateOnly) }
