package version_test

import (
	"testing"

	"plimsoll/internal/advisory/version"
)

func TestGrypeRanges(t *testing.T) {
	for _, tt := range []struct {
		of, in version.Scheme
		v      string
		r      string
		want   bool
	}{
		{version.Deb, version.Deb, "3.0.11-1~deb12u2", "< 3.0.13-1~deb12u1", true},
		{version.Deb, version.Deb, "3.0.13-1~deb12u1", "< 3.0.13-1~deb12u1", false},
		{version.Deb, version.Deb, "1", "", true},
		{version.Apk, version.Apk, "1.0-r0", "< 0", false},
		{version.Unknown, version.Segmented, "4.17.15", "<4.17.21", true},
		{version.Unknown, version.Segmented, "1.5.0", ">=1.0,<1.2||>=1.4,<1.6", true},
		{version.Unknown, version.Segmented, "1.3.0", ">=1.0,<1.2||>=1.4,<1.6", false},
		{version.Python, version.Python, "2.28.1", ">=2.3.0,<2.31.0", true},
		{version.Maven, version.Unknown, "2.14.1", ">=2.13.0,<2.15.0", true},
		{version.JVM, version.JVM, "1.8.0_202", ">= 8, < 8.0.212", true},
		{version.Unknown, version.Unknown, "3.7.2", ">= 3.7.0a0, < 3.7.10", true},
		{version.Unknown, version.Unknown, "5.0", "= 5.0", true},
		{version.Go, version.Unknown, "v1.2.3", "< 1.3.0", true},
		{version.Unknown, version.Unknown, "1.0", "= '1.0'", true},
	} {
		r, err := version.ParseGrype(tt.in, tt.r)
		if err != nil {
			t.Errorf("%q: %v", tt.r, err)
			continue
		}
		if got, err := r.Contains(parse(t, tt.of, tt.v)); err != nil || got != tt.want {
			t.Errorf("%s %q in %q: %v (%v), want %v", tt.of, tt.v, tt.r, got, err, tt.want)
		}
	}
	for _, bad := range []string{"(< 1.0)", "=< 1.0", "<", "< > 1", "~> 1.0"} {
		if _, err := version.ParseGrype(version.Segmented, bad); err == nil {
			t.Errorf("%q should not parse", bad)
		}
	}
}

// TestUnreadableVersionLeavesItToTheRange: a version that its own scheme
// cannot read may still be comparable under the range's.
func TestUnreadableVersionLeavesItToTheRange(t *testing.T) {
	r, err := version.ParseGrype(version.Segmented, "< 2.0")
	if err != nil {
		t.Fatal(err)
	}
	if in, err := r.Contains(version.Unreadable("1.0")); err != nil || !in {
		t.Errorf("1.0: %v, %v", in, err)
	}
	if _, err := r.Contains(version.Unreadable("(devel)")); err == nil {
		t.Error("(devel) should not be comparable")
	}
}

func TestTrivyRanges(t *testing.T) {
	for _, tt := range []struct {
		s    version.Scheme
		v, r string
		want bool
	}{
		{version.Npm, "4.17.20", "<4.17.21", true},
		{version.Npm, "4.17.21-rc.1", "<4.17.21", false},
		{version.Npm, "4.17.21-rc.1", "<4.17.21-rc.2", true},
		{version.Npm, "1.2.3", "<2", true},
		{version.Npm, "2.5.0", "<=2", true},
		{version.Npm, "1.9.9", "1.x", true},
		{version.Npm, "2.0.0", "1.x", false},
		{version.Npm, "1.4.0", "^1.2.3", true},
		{version.Npm, "2.0.0", "^1.2.3", false},
		{version.Npm, "0.2.9", "^0.2.3", true},
		{version.Npm, "0.3.0", "^0.2.3", false},
		{version.Npm, "1.2.9", "~1.2.3", true},
		{version.Npm, "1.3.0", "~1.2.3", false},
		{version.Npm, "7.0.0", "*", true},
		{version.Npm, "1.5.0", ">=1.0.0 <1.2.0 || >=1.4.0 <1.6.0", true},
		{version.Segmented, "v0.7.0", ">=0.0.0-0, <0.17.0", true},
		{version.Segmented, "1.19.3", "<1.18.9 || >=1.19.0-0, <1.19.4", true},
		{version.Segmented, "1.2.9", "~>1.2.0", true},
		{version.Segmented, "1.3.0", "~>1.2.0", false},
		{version.Python, "2.28.1", ">=2.3.0, <2.31.0", true},
		{version.Python, "1.4.5", "==1.4.*", true},
		{version.Python, "1.5.0", "~=1.4.2", false},
		{version.Python, "1.4.9", "~=1.4.2", true},
		{version.Python, "1.0.post1", ">1.0", false},
		{version.Python, "3", "*", true},
		{version.Gem, "4.2.5", "~> 4.2.5, >= 4.2.5.1", false},
		{version.Gem, "4.2.7", "~> 4.2.5, >= 4.2.5.1", true},
		{version.Gem, "5.0.0", "~> 4.2.5, >= 4.2.5.1", false},
		{version.Maven, "1.5", "(1.0,2.0]", true},
		{version.Maven, "2.1.3.RELEASE", "(,1.0.5.RELEASE],[2.1.0.RELEASE,2.1.3.RELEASE)", false},
		{version.Maven, "2.14.1", ">=2.13.0, <2.15.0", true},
	} {
		r, err := version.ParseTrivy(tt.s, tt.r)
		if err != nil {
			t.Errorf("%q: %v", tt.r, err)
			continue
		}
		if got, err := r.ContainsTrivy(parse(t, tt.s, tt.v)); err != nil || got != tt.want {
			t.Errorf("%s %q in %q: %v (%v), want %v", tt.s, tt.v, tt.r, got, err, tt.want)
		}
	}
}

var allSchemes = []version.Scheme{
	version.Unknown, version.Segmented, version.Npm, version.Go, version.Deb, version.Apk, version.RPM, version.RPMLoose,
	version.Python, version.Maven, version.Gem, version.JVM, version.Bitnami, version.Alpm, version.CRAN, version.KB,
}

// FuzzCompare: no text panics, and an order is the reverse of its reverse.
func FuzzCompare(f *testing.F) {
	for _, s := range []string{"1.0", "1:2.3-4+deb12u1", "1.2_rc1-r3", "v1.2.3-rc.1+build", "1!2.0a1.post2.dev3+local", "1.8.0_302-b08", "~^-._", "\xff\x00", "1.0.jre11", "1-x86"} {
		f.Add(s, "1.0.1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, s := range allSchemes {
			v, err := version.Parse(s, a)
			if err != nil {
				continue
			}
			if c, err := v.Compare(v); err != nil || c != 0 {
				t.Fatalf("%s: %q is not itself: %d, %v", s, a, c, err)
			}
			w, err := version.Parse(s, b)
			if err != nil {
				continue
			}
			c, err := v.Compare(w)
			if err != nil || c < -1 || c > 1 {
				t.Fatalf("%s: %q and %q: %d, %v", s, a, b, c, err)
			}
		}
	})
}

// FuzzRanges: no range panics.
func FuzzRanges(f *testing.F) {
	for _, r := range []string{"< 1.0", ">=1.0,<2||=3", "[1.0,2.0),(,3]", "~> 1.2, >= 1.2.3", "^1.x || ~2", "==1.4.*", "~=1.4", "=== x", "", "||", "<", "'1'"} {
		f.Add(r, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, text, raw string) {
		for _, s := range allSchemes {
			v, err := version.Parse(s, raw)
			if err != nil {
				v = version.Unreadable(raw)
			}
			if r, err := version.ParseGrype(s, text); err == nil {
				_, _ = r.Contains(v)
			}
			if r, err := version.ParseTrivy(s, text); err == nil {
				_, _ = r.ContainsTrivy(v)
			}
		}
	})
}
