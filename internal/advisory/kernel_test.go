package advisory_test

import (
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

func TestKernelHeadersAreNotAKernel(t *testing.T) {
	for _, tt := range []struct {
		purlType, name string
		want           bool
	}{
		{"deb", "linux-libc-dev", true},
		{"deb", "linux-headers-6.1.0-13-amd64", true},
		{"deb", "linux-aws-headers-5.15.0-1", true},
		{"deb", "linux-image-6.1.0-13-amd64", false},
		{"deb", "libc6-dev", false},
		{"rpm", "kernel-headers", true},
		{"rpm", "kernel-core", false},
		{"rpm", "linux-glibc-devel", true},
		{"apk", "linux-headers", true},
		{"apk", "linux-lts", false},
		{"apk", "linux-pam-dev", false},
		{"alpm", "linux-api-headers", true},
		{"npm", "linux-headers", false},
	} {
		if got := advisory.IsKernelHeaders(&inventory.Package{Type: tt.purlType, Name: tt.name}); got != tt.want {
			t.Errorf("%s %s: %v", tt.purlType, tt.name, got)
		}
	}
}
