package report

import (
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"plimsoll/internal/advisory"
)

func TestCleanKeepsWhatPeopleReadAndSpellsOutTheRest(t *testing.T) {
	for text, want := range map[string]string{
		"openssl 3.0.9-1~deb12u1": "openssl 3.0.9-1~deb12u1",
		"Grüße, 漢字, עברית, 🙂":     "Grüße, 漢字, עברית, 🙂",
		"two\nlines\tand\ra tab":  "two lines and a tab",
		"\x1b[31mred\x1b[0m":      `\x1b[31mred\x1b[0m`,
		"\u009b31m":               `\u009b31m`,
		"a\u202eb\u2066c\u200fd":  `a\u202eb\u2066c\u200fd`,
		"zero\u200bwidth\ufeff":   `zero\u200bwidth\ufeff`,
		"bad\xff\xc0utf":          `bad\xffutf` + "",
		"nul\x00del\x7f":          `nul\x00del\x7f`,
		"tag\U000e0041":           `tag\U000e0041`,
		"line\u2028sep":           `line\u2028sep`,
		"no\u00a0break":           "no break",
		"e\u0301":                 "e\u0301",
		"\ue000private":           `\ue000private`,
	} {
		if want == `bad\xffutf` {
			want = `bad\xff\xc0utf`
		}
		if got := Clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(nasty)
	f.Add("e\u0301\u0301\u0301\u0301")
	f.Fuzz(func(t *testing.T, text string) {
		got := Clean(text)
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Errorf("%U is left of %q", r, text)
			}
		}
		if again := Clean(got); again != got {
			t.Errorf("%q becomes %q the second time", got, again)
		}
		for _, to := range []int{1, 7, 40} {
			if w := ansi.StringWidth(truncate(got, to)); w > to {
				t.Errorf("truncated to %d columns, %d allowed", w, to)
			}
			for _, line := range wrap(got, max(to, 2)) {
				if w := ansi.StringWidth(line); w > max(to, 2) {
					t.Errorf("wrapped to %d columns, %d allowed: %q", w, to, line)
				}
			}
		}
	})
}

func TestHistoryLinesReadAsDockerfilesDo(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	for line, want := range map[string]string{
		"/bin/sh -c #(nop)  CMD [\"bash\"]":                            `CMD ["bash"]`,
		"/bin/sh -c #(nop) ADD file:" + hash + " in / ":                "ADD file:0123456789ab… in /",
		"/bin/sh -c apt-get update \t && apt-get install":              "RUN apt-get update && apt-get install",
		"RUN /bin/sh -c pip install flask # buildkit":                  "RUN pip install flask",
		"RUN |2 A=1 B=2 /bin/sh -c make # buildkit":                    "RUN make",
		"|1 A=1 /bin/sh -c make":                                       "RUN make",
		"RUN /bin/sh -c set -eux; \t\tapt-get update; make # buildkit": "RUN apt-get update; make",
		"/bin/sh -c set -ex && make":                                   "RUN make",
		"/bin/sh -c set -o pipefail; make":                             "RUN set -o pipefail; make",
		"COPY . /app # buildkit":                                       "COPY . /app",
		"# debian.sh --arch 'amd64' out/ 'bookworm' '@1726000000'":     "# debian.sh --arch 'amd64' out/ 'bookworm' '@1726000000'",
		"bazel build ...":                                              "RUN bazel build ...",
		"":                                                             "",
		"RUN ":                                                         "RUN",
		"\x1b[31m":                                                     `RUN \x1b[31m`,
	} {
		if got := history(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestTruncateAndWrapMeasureWideCharacters(t *testing.T) {
	if got := truncate("漢字漢字", 5); got != "漢字…" {
		t.Errorf("truncated to %q", got)
	}
	if got := strings.Join(wrap("漢字 漢字 a", 5), "|"); got != "漢字|漢字|a" {
		t.Errorf("wrapped to %q", got)
	}
	if got := strings.Join(wrap("GHSA-mq26-g339-26xf is held", 22), "|"); got != "GHSA-mq26-g339-26xf is|held" {
		t.Errorf("wrapped to %q", got)
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 9_960: "10 kB", 143_000_000: "143 MB", 2_500_000_000: "2.5 GB", 999_600: "1.0 MB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for p, want := range map[float64]string{0: "0.00%", 0.00004: "<0.01%", 0.0004: "0.04%", 0.5: "50.0%", 0.9999: ">99.9%", 1: ">99.9%"} {
		if got := percent(&advisory.EPSS{Probability: p}); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}

func TestFixIsTheNearestOneOfTheInstalledBranch(t *testing.T) {
	for _, c := range []struct {
		kind, installed string
		versions        []string
		want            string
	}{
		{"maven", "2.14.1", []string{"2.3.1", "2.12.2", "2.15.0"}, "2.15.0"},
		{"maven", "2.11.0", []string{"2.3.1", "2.12.2", "2.15.0"}, "2.12.2"},
		{"deb", "3.0.9-1", []string{"3.0.11-1~deb12u2"}, "3.0.11-1~deb12u2"},
		{"pypi", "not a version", []string{"1", "2"}, "2"},
		{"deb", "1", nil, ""},
	} {
		if got := nearestFix(c.kind, c.installed, c.versions); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.installed, got, c.want)
		}
	}
	if got := highest("deb", []string{"3.0.14-1~deb12u2", "3.0.15-1~deb12u1", "3.0.9-1"}); got != "3.0.15-1~deb12u1" {
		t.Errorf("highest is %q", got)
	}
}
