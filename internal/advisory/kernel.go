package advisory

import (
	"strings"

	"plimsoll/internal/inventory"
)

// KernelHeadersReason is the Gap reason for packages that IsKernelHeaders
// names.
const KernelHeadersReason = "kernel headers: no kernel runs from an image"

// kernelHeaders lists, by purl type, the packages that carry a kernel's
// headers and no kernel. Their source package is the kernel's, so the
// databases would hold every kernel vulnerability against them. A name that
// ends in "*" is a prefix.
//
// Sources: Debian and Ubuntu source packages linux, linux-hwe, linux-aws and
// their like; Fedora and RHEL spec kernel-headers.spec and kernel.spec; Alpine
// aport linux-headers; Arch package linux-api-headers; openSUSE
// linux-glibc-devel; Photon and Azure Linux spec linux-api-headers and
// kernel-headers.
var kernelHeaders = []struct{ purlType, name string }{
	{"deb", "linux-libc-dev"},
	{"deb", "linux-libc-dev-*"},
	{"deb", "linux-headers-*"},
	{"deb", "linux-kbuild-*"},
	{"deb", "linux-compiler-gcc-*"},
	{"deb", "linux-*-headers-*"},
	{"rpm", "kernel-headers"},
	{"rpm", "kernel-devel"},
	{"rpm", "kernel-devel-*"},
	{"rpm", "kernel-default-devel"},
	{"rpm", "kernel-cross-headers"},
	{"rpm", "kernel-uek-headers"},
	{"rpm", "kernel-uek-devel"},
	{"rpm", "linux-api-headers"},
	{"rpm", "linux-glibc-devel"},
	{"rpm", "glibc-kernheaders"},
	{"apk", "linux-headers"},
	{"apk", "linux-lts-dev"},
	{"apk", "linux-virt-dev"},
	{"apk", "linux-edge-dev"},
	{"alpm", "linux-api-headers"},
	{"alpm", "linux-headers"},
	{"alpm", "linux-*-headers"},
}

// IsKernelHeaders reports whether the package holds kernel headers only. Both
// databases skip such packages and report a Gap with KernelHeadersReason.
func IsKernelHeaders(p *inventory.Package) bool {
	for _, k := range kernelHeaders {
		if k.purlType == p.Type && matchStars(k.name, p.Name) {
			return true
		}
	}
	return false
}

// matchStars matches a pattern of at most two "*", each any text.
func matchStars(pattern, name string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, before)
	if !ok {
		return false
	}
	middle, end, second := strings.Cut(after, "*")
	if !second {
		return strings.HasSuffix(rest, after)
	}
	_, rest, ok = strings.Cut(rest, middle)
	return ok && strings.HasSuffix(rest, end)
}
