package distro

import "testing"

func TestOnlyADistributionPublishesForEverybody(t *testing.T) {
	for vendor, want := range map[string]bool{
		"Debian GnuTLS Maintainers <pkg-gnutls-maint@lists.alioth.debian.org>": true,
		"Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>":            true,
		"Natanael Copa <ncopa@alpinelinux.org>":                                true,
		"Red Hat, Inc.":                                                        true,
		"SUSE LLC <https://www.suse.com/>":                                     true,
		"Platform Team <platform@shop.example>":                                false,
		"Platform Team <debian.org@shop.example>":                              false,
		"<vendor>": false,
		"":         false,
	} {
		if got := Publishes(vendor); got != want {
			t.Errorf("%q: %v", vendor, got)
		}
	}
}
