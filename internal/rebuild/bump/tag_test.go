package bump

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/distro"
)

func TestTagsAreTakenApart(t *testing.T) {
	const deb, ubu, alp = distro.Debian, distro.Ubuntu, distro.Alpine
	for _, c := range []struct {
		repo string
		want Tag
	}{
		{"python", Tag{Text: "3.8-slim", Numbers: []int{3, 8}, Small: "slim"}},
		{"python", Tag{Text: "3.8.19-slim-bookworm", Numbers: []int{3, 8, 19}, Small: "slim", Family: deb, Release: "12", Coded: true}},
		{"python", Tag{Text: "3.13.0rc2-slim", Numbers: []int{3, 13, 0}, Small: "slim", Pre: true}},
		{"python", Tag{Text: "3.13.0a4", Numbers: []int{3, 13, 0}, Pre: true}},
		{"python", Tag{Text: "3.13-rc-slim", Numbers: []int{3, 13}, Small: "slim", Pre: true}},
		{"node", Tag{Text: "20-alpine3.19", Numbers: []int{20}, Family: alp, Release: "3.19"}},
		{"node", Tag{Text: "20.11.1-alpine", Numbers: []int{20, 11, 1}, Family: alp}},
		{"node", Tag{Text: "lts-bookworm-slim", Words: []string{"lts"}, Small: "slim", Family: deb, Release: "12", Coded: true}},
		{"golang", Tag{Text: "1.22", Numbers: []int{1, 22}}},
		{"golang", Tag{Text: "1.23rc1-alpine3.20", Numbers: []int{1, 23}, Pre: true, Family: alp, Release: "3.20"}},
		{"debian", Tag{Text: "bookworm-20240612-slim", Date: 20240612, Small: "slim", Family: deb, Release: "12", Coded: true, Point: true}},
		{"debian", Tag{Text: "12-slim", Numbers: []int{}, Small: "slim", Family: deb, Release: "12", Point: true}},
		{"library/debian", Tag{Text: "12.5", Numbers: []int{5}, Family: deb, Release: "12", Point: true}},
		{"debian", Tag{Text: "sid-slim", Pre: true, Small: "slim", Family: deb, Point: true}},
		{"ubuntu", Tag{Text: "22.04", Numbers: []int{}, Family: ubu, Release: "22.04", Point: true}},
		{"ubuntu", Tag{Text: "jammy-20240530", Date: 20240530, Family: ubu, Release: "22.04", Coded: true, Point: true}},
		{"alpine", Tag{Text: "3.19.1", Numbers: []int{1}, Family: alp, Release: "3.19", Point: true}},
		{"alpine", Tag{Text: "20240606", Date: 20240606, Family: alp, Pre: true, Point: true}},
		{"registry.access.example/ubi9/ubi-minimal", Tag{Text: "9.4-1123.1719560047", Numbers: []int{4}, Build: []int{1123, 1719560047}, Family: distro.RHEL, Release: "9", Point: true}},
		{"amazonlinux", Tag{Text: "2023.4.20240528.0", Numbers: []int{4, 20240528, 0}, Family: distro.Amazon, Release: "2023", Point: true}},
		{"eclipse-temurin", Tag{Text: "17-jre-jammy", Numbers: []int{17}, Words: []string{"jre"}, Family: ubu, Release: "22.04", Coded: true}},
		{"eclipse-temurin", Tag{Text: "17.0.11_9-jre-alpine", Numbers: []int{17, 0, 11}, Build: []int{9}, Words: []string{"jre"}, Family: alp}},
		{"eclipse-temurin", Tag{Text: "8u412-b08-jdk-ubi9-minimal", Numbers: []int{8, 0, 412}, Build: []int{8}, Words: []string{"jdk"}, Family: distro.RHEL, Release: "9", Small: "minimal"}},
		{"amazoncorretto", Tag{Text: "21-al2023-headless", Numbers: []int{21}, Family: distro.Amazon, Release: "2023", Words: []string{"headless"}}},
		{"bitnami/redis", Tag{Text: "7.2.5-debian-12-r3", Numbers: []int{7, 2, 5}, Build: []int{3}, Family: deb, Release: "12"}},
		{"wordpress", Tag{Text: "6.5.3-php8.2-fpm-alpine", Numbers: []int{6, 5, 3}, Words: []string{"php8.2", "fpm"}, Family: alp}},
		{"app", Tag{Text: "v1.2.3", Numbers: []int{1, 2, 3}}},
		{"app", Tag{Text: "latest"}},
		{"app", Tag{Text: "1.2.3-dev.4", Numbers: []int{1, 2, 3}, Pre: true}},
		{"dotnet/aspnet", Tag{Text: "8.0-noble-chiseled", Numbers: []int{8, 0}, Small: "chiseled", Family: ubu, Release: "24.04", Coded: true}},
	} {
		got, ok := ParseTag(c.repo, c.want.Text)
		if !ok {
			t.Errorf("%s:%s does not parse", c.repo, c.want.Text)
			continue
		}
		if len(got.Numbers) == 0 && len(c.want.Numbers) == 0 {
			got.Numbers, c.want.Numbers = nil, nil
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:%s (-want +got):\n%s", c.repo, c.want.Text, d)
		}
	}
	for _, text := range []string{
		"", "sha256-0123456789012345678901234567890123456789012345678901234567890123.sig", "0a1b2c3d4e", "main-0a1b2c3",
		"a--b", strings.Repeat("1", 129), "0123456789abcdef0123456789abcdef01234567",
	} {
		if got, ok := ParseTag("app", text); ok {
			t.Errorf("%q parses as %+v", text, got)
		}
	}
}

func TestDistances(t *testing.T) {
	for _, c := range []struct{ repo, from, to, want string }{
		{"python", "3.8-slim", "3.8-slim", "same tag rebuilt"},
		{"python", "3.8.18-slim", "3.8.19-slim", "patch"},
		{"python", "3.8-slim", "3.8.19-slim", "patch"},
		{"python", "3.8-slim", "3.9-slim", "minor"},
		{"python", "3.8-slim", "4.0-slim", "major"},
		{"python", "3.8", "3.8-slim", "smaller variant"},
		{"python", "3.8-slim", "3.8-alpine", "other distribution"},
		{"python", "3.8-slim", "3.9-alpine3.20", "other distribution + minor"},
		{"python", "3.8-slim-bullseye", "3.8-slim-bookworm", "other release"},
		{"python", "3.8-slim-bullseye", "3.12-slim-bookworm", "other release + minor"},
		{"node", "20.11.1-alpine3.19", "20.12.0-alpine3.20", "other release + minor"},
		{"node", "14", "16", "major"},
		{"debian", "bookworm-20240612-slim", "bookworm-20240904-slim", "patch"},
		{"debian", "bookworm-20240612-slim", "trixie-20250811-slim", "other release"},
		{"debian", "12-slim", "13-slim", "other release"},
		{"debian", "12.5", "12.6", "patch"},
		{"alpine", "3.19.1", "3.20.0", "other release"},
		{"ubuntu", "22.04", "24.04", "other release"},
		{"eclipse-temurin", "17.0.10_7-jre-jammy", "17.0.11_9-jre-jammy", "patch"},
		{"eclipse-temurin", "17-jre-jammy", "21-jre-noble", "major + other release"},
		{"bitnami/redis", "7.2.5-debian-12-r3", "7.2.5-debian-12-r10", "patch"},
		{"app", "v1.2.3", "1.3.0", "minor"},

		{"python", "3.8-slim", "3.7-slim", older},
		{"python", "3.8-slim", "3.9-rc-slim", preRelease},
		{"python", "3.8-slim", "3.9", otherVariant},
		{"python", "3.8.19-slim", "3.9-slim", looser},
		{"python", "3.8-alpine", "3.8-slim", otherVariant},
		{"python", "3.8-slim-bookworm", "3.8-slim-bullseye", older},
		{"python", "3.8-slim", "3.8-slim-bookworm", otherVariant},
		{"eclipse-temurin", "17-jre-jammy", "17-jdk-jammy", otherVariant},
		{"debian", "12", "sid", preRelease},
		{"debian", "12", "bookworm", otherVariant},
		{"node", "lts", "20", otherVariant},
		{"app", "v1.2.3", "1.2.3", otherVariant},
	} {
		from, ok1 := ParseTag(c.repo, c.from)
		to, ok2 := ParseTag(c.repo, c.to)
		n, why := step(from, to)
		if why == "" {
			why = n.distance.String()
		}
		if !ok1 || !ok2 || why != c.want {
			t.Errorf("%s: %s → %s is %q, not %q", c.repo, c.from, c.to, why, c.want)
		}
	}
}

// pythonTags are of the kind that Docker Hub lists, with what must not be chosen.
var pythonTags = []string{
	"2.7", "2.7-slim", "3", "3-slim", "3.7", "3.7-slim", "3.7.17-slim", "3.8", "3.8-alpine", "3.8-alpine3.18", "3.8-alpine3.20",
	"3.8-bookworm", "3.8-slim", "3.8-slim-bookworm", "3.8-slim-bullseye", "3.8-slim-buster", "3.8.17-slim-bullseye", "3.8.18-slim", "3.8.18-slim-bookworm",
	"3.8.19-slim", "3.8.20-slim", "3.8.20-slim-bookworm", "3.8.20-alpine3.20", "3.9-slim", "3.9-slim-bookworm", "3.9.21-slim", "3.9.21-slim-bookworm", "3.9.21-slim-trixie",
	"3.10-slim", "3.12-slim", "3.12-slim-bookworm", "3.13-slim", "3.13-slim-bookworm", "3.13-slim-trixie", "3.13.1-slim", "3.13.1-slim-bookworm", "3.14-rc-slim", "3.14.0a1-slim",
	"latest", "slim", "alpine", "windowsservercore-1809", "3.8-windowsservercore", "0123456789abcdef0123456789abcdef01234567",
}

func TestTheFewStepsThatAreScanned(t *testing.T) {
	majors := func(from, to int, suffix string) (tags []string) {
		for i := from; i <= to; i++ {
			tags = append(tags, itoa(i)+suffix)
		}
		return tags
	}
	for _, c := range []struct {
		repo, current string
		tags          []string
		most          int
		want          string
	}{
		{"python", "3.8-slim", pythonTags, 10, "3.8-slim 3.8.20-slim 3.13-slim 3.9-slim 3.8-alpine"},
		{"python", "3.8", pythonTags, 10, "3.8 3.8-slim 3.8-alpine"},
		{"python", "3.8-slim-bullseye", pythonTags, 10, "3.8-slim-bullseye 3.8.17-slim-bullseye 3.13-slim-bookworm 3.9-slim-bookworm 3.8-slim-bookworm 3.8-alpine3.20"},
		{"python", "3.8.18-slim-bookworm", pythonTags, 10, "3.8.18-slim-bookworm 3.8.20-slim-bookworm 3.13.1-slim-bookworm 3.9.21-slim-bookworm 3.8.20-alpine3.20"},
		{"python", "3.8-slim", pythonTags, 2, "3.8-slim 3.8.20-slim"},
		{"python", "slim", pythonTags, 10, "slim alpine"},
		{"node", "14", append(majors(10, 25, ""), majors(10, 25, "-slim")...), 6, "14 15 14-slim 25 16 17"},
		{"debian", "bullseye-slim", []string{"buster-slim", "bullseye-slim", "bookworm-slim", "12-slim", "trixie-slim", "13-slim", "13.1-slim", "sid-slim", "bullseye"}, 10, "bullseye-slim trixie-slim bookworm-slim"},
		{"ubuntu", "20.04", []string{"18.04", "20.04", "22.04", "24.04", "jammy", "noble", "rolling", "devel"}, 10, "20.04 24.04 22.04"},
		{"app", "main-0a1b2c3", []string{"1", "2"}, 10, "main-0a1b2c3"},
		{"app", "1.0", nil, 10, "1.0"},
	} {
		choices, left := choose(c.repo, c.current, c.tags, c.most)
		var got []string
		for _, choice := range choices {
			got = append(got, choice.tag)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s:%s: got  %s\nwant %s", c.repo, c.current, strings.Join(got, " "), c.want)
		}
		if len(c.tags) > 0 && len(left) == 0 {
			t.Errorf("%s:%s: nothing is said of the %d tags left out", c.repo, c.current, len(c.tags)-len(got))
		}
	}
	_, left := choose("python", "3.8-slim", pythonTags, 2)
	if !strings.Contains(left[0].What, "3.13-slim") || !strings.Contains(left[0].Reason, "--max-candidates") {
		t.Errorf("the cut is not said: %+v", left[0])
	}
}

func itoa(i int) string { return string(rune('0'+i/10)) + string(rune('0'+i%10)) }

// FuzzTag claims that no tag makes the parser panic, that it is never a step from
// itself to itself but a rebuild, and that steps go one way only.
func FuzzTag(f *testing.F) {
	for i, tag := range pythonTags {
		f.Add("python", tag, pythonTags[(i+7)%len(pythonTags)])
	}
	f.Add("debian", "bookworm-20240612-slim", "12.5")
	f.Add("eclipse-temurin", "8u412-b08-jdk", "17.0.11_9-jre-ubi9-minimal")
	f.Fuzz(func(t *testing.T, repository, a, b string) {
		from, ok1 := ParseTag(repository, a)
		to, ok2 := ParseTag(repository, b)
		if !ok1 || !ok2 {
			return
		}
		if n, why := step(from, from); why != "" || n.distance.Class != Rebuilt {
			t.Errorf("%q to itself: %s %s", a, n.distance, why)
		}
		there, why := step(from, to)
		_, back := step(to, from)
		if a != b && why == "" && back == "" && !there.smaller && there.distance.Class < Major && from.Pre == to.Pre {
			t.Errorf("%q and %q are each newer than the other", a, b)
		}
		if choices, _ := choose(repository, a, []string{b, a, b}, 5); len(choices) == 0 || len(choices) > 2 {
			t.Errorf("%d choices of %q and %q", len(choices), a, b)
		}
		if utf8.ValidString(a) && !slices.IsSorted(there.distance.Parts) && len(there.distance.Parts) > 1 && there.distance.Parts[0] < there.distance.Parts[1] {
			t.Errorf("parts %v", there.distance.Parts)
		}
	})
}
