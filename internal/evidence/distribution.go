package evidence

import (
	"slices"

	"plimsoll/internal/inventory"
)

// releaseFiles ranks the files that name a distribution: os-release(5) reads
// /etc before /usr/lib; the others are what older distributions left, those that
// relatives carry as well (redhat-release, debian_version) after their own.
var releaseFiles = []string{
	"etc/os-release", "usr/lib/os-release", "etc/lsb-release",
	"etc/alpine-release", "etc/oracle-release", "etc/centos-release", "etc/rocky-release",
	"etc/almalinux-release", "etc/fedora-release", "etc/photon-release", "etc/mariner-release",
	"etc/azurelinux-release", "etc/redhat-release", "etc/SuSE-release", "etc/arch-release",
	"etc/system-release", "etc/debian_version",
}

func rank(path string) int {
	if i := slices.Index(releaseFiles, path); i >= 0 {
		return i
	}
	return len(releaseFiles)
}

// distribution chooses the file that speaks for the final image: the visible
// one of the highest rank, else one that a later layer deleted, since the
// packages are still that distribution's.
func (m *merge) distribution() *inventory.Distribution {
	var best *Release
	var bestKey [3]int
	var sets []string
	extended, build := "", ""
	for i, l := range m.layers {
		for n := range l.Releases {
			r := &l.Releases[n]
			live := m.places.of(r.Path, i)
			if live != inventory.Deleted {
				for _, s := range r.ContentSets {
					if !slices.Contains(sets, s) {
						sets = append(sets, s)
					}
				}
			}
			if r.Extended != "" && live == inventory.Visible {
				extended = r.Extended
			}
			if r.Build != "" && build == "" {
				// The lowest layer's: the distribution's own image, whatever
				// was built on it.
				build = r.Build
			}
			if r.ID == "" {
				continue
			}
			gone := 0
			if live != inventory.Visible {
				gone = 1
			}
			key := [3]int{gone, rank(r.Path), -i}
			if best == nil || slices.Compare(key[:], bestKey[:]) < 0 {
				best, bestKey = r, key
			}
		}
	}
	if best == nil {
		return nil
	}
	d := best.Distribution
	slices.Sort(sets)
	d.ContentSets, d.Extended, d.Build = sets, extended, build
	return &d
}
