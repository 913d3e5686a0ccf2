package distro

import "strings"

// Publishes reports whether the maintainer, vendor or packager that a package of
// an operating system names is a distribution's: then everybody can download the
// package. Of a package that a company built for itself it is false, and of those
// that volunteers sign with an address of their own as well (of Debian's about one
// in thirty). It is the package's own word and proves nothing against who forges it.
func Publishes(vendor string) bool {
	vendor = strings.ToLower(vendor)
	for _, mark := range []string{
		// The addresses of Debian's, Ubuntu's, Alpine's, Wolfi's and Arch's maintainers.
		"debian.org>", "debian.net>", "ubuntu.com>", "canonical.com>", "alpinelinux.org>", "chainguard.dev>", "archlinux.org>",
		// What %{VENDOR} says in the packages of distributions of rpm's.
		"red hat, inc", "fedora project", "centos", "almalinux", "rocky", "oracle america", "amazon linux", "amazon.com", "suse",
		"vmware, inc", "microsoft corporation",
	} {
		if strings.Contains(vendor, mark) {
			return true
		}
	}
	return false
}
