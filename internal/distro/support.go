package distro

import (
	"time"

	"plimsoll/internal/inventory"
)

// Dates are the last days on which a release gets security fixes, each the
// midnight UTC that begins the day. A zero time is a stage that does not exist
// or is not known.
type Dates struct {
	// Standard ends what everyone gets from the distribution itself.
	Standard time.Time
	// LTS ends a further stage that everyone gets, by other people or for fewer
	// packages: Debian LTS, the maintenance of the first Amazon Linux.
	LTS time.Time
	// Extended ends what a paid or separate subscription still brings:
	// Ubuntu's ESM, Red Hat's ELS, SUSE's LTSS, Debian's ELTS.
	Extended time.Time
}

// Support is the stage that a release is in on a day.
type Support string

const (
	// SupportUnknown: the family or the release is not in the table.
	SupportUnknown Support = "unknown"
	// SupportStandard: everyone gets fixes.
	SupportStandard Support = "standard"
	// SupportLTS: past standard support, and everyone still gets some fixes.
	SupportLTS Support = "lts"
	// SupportExtended: only a subscription still brings fixes.
	SupportExtended Support = "extended"
	// SupportEnded: nobody gets fixes any more.
	SupportEnded Support = "ended"
)

// EndOfLife returns a release's dates. It is false for a release that is not
// known, and for a family that rolls on.
func EndOfLife(d *inventory.Distribution) (Dates, bool) {
	return datesOf(FamilyOf(d), Release(d))
}

// EndedBy returns the stage that the release is in at the given time. A rolling
// family is in standard support as long as it exists: the image may be old, its
// release is not.
func EndedBy(d *inventory.Distribution, at time.Time) Support {
	if r := Release(d); r == Rolling || FamilyOf(d) == Alpine && r == "edge" || FamilyOf(d) == Debian && r == "sid" {
		return SupportStandard
	}
	dates, ok := EndOfLife(d)
	switch {
	case !ok:
		return SupportUnknown
	case !past(dates.Standard, at):
		return SupportStandard
	case !past(dates.LTS, at):
		return SupportLTS
	case !past(dates.Extended, at):
		return SupportExtended
	default:
		return SupportEnded
	}
}

// Covered reports whether fixes still reach this image: its release is in a stage
// that everyone gets, or the image has the subscription of the extended one. It
// is true where the stage is unknown, because nothing says otherwise.
func Covered(d *inventory.Distribution, at time.Time) bool {
	switch EndedBy(d, at) {
	case SupportEnded:
		return false
	case SupportExtended:
		return d.Extended != ""
	default:
		return true
	}
}

// past reports whether the last day is over. A stage that does not exist is.
func past(lastDay, at time.Time) bool {
	return lastDay.IsZero() || !at.Before(lastDay.AddDate(0, 0, 1))
}
