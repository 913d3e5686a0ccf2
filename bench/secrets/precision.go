package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"plimsoll/internal/secret"
)

// judgement is what a person said of the findings of a rule in some files.
type judgement struct {
	// pattern is a path.Match pattern of the end of a path, rule an identifier or "*".
	pattern, rule string
	real          bool
	why           string
	met           int
}

// readJudgements reads lines of "pattern TAB rule TAB true|false TAB why".
func readJudgements(name string) ([]*judgement, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []*judgement
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != 4 || parts[2] != "true" && parts[2] != "false" {
			return nil, fmt.Errorf("%s:%d: want pattern, rule, true or false, and why, with tabs between", name, n)
		}
		if _, err := path.Match(parts[0], ""); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		list = append(list, &judgement{pattern: parts[0], rule: parts[1], real: parts[2] == "true", why: parts[3]})
	}
	return list, lines.Err()
}

// judge returns the judgement of a finding, nil where nobody has judged it.
func judge(list []*judgement, file, rule string) *judgement {
	for _, j := range list {
		if j.rule != "*" && j.rule != rule {
			continue
		}
		// The pattern is held against as many folders of the path's end as it has.
		end := file
		if depth, have := strings.Count(j.pattern, "/"), strings.Count(file, "/"); have > depth {
			end = strings.Join(strings.Split(file, "/")[have-depth:], "/")
		}
		if ok, _ := path.Match(j.pattern, end); ok {
			j.met++
			return j
		}
	}
	return nil
}

type tally struct {
	files, findings, real, false, unjudged, possible int
	bytes                                            int64
}

// precision lists the findings above Possible in each tree, and of how many a
// person said that they are what they are taken for.
func precision(out io.Writer, judged, peer string, possible bool, dirs []string) error {
	list, err := readJudgements(judged)
	if err != nil {
		return err
	}
	f, err := newFinder(secret.Rules())
	if err != nil {
		return err
	}
	unjudged := 0
	for _, dir := range dirs {
		found := map[place]bool{}
		n := tally{}
		byRule := map[string]int{}
		err := eachFile(dir, func(file string, text []byte) error {
			n.files++
			n.bytes += int64(len(text))
			for _, h := range f.find(file, text) {
				number, line := lineOf(text, int(h.Offset))
				found[place{file, number}] = true
				if h.Confidence <= secret.Possible {
					n.possible++
					byRule[h.Rule.ID]++
					if !possible {
						continue
					}
				} else {
					n.findings++
				}
				verdict := "?"
				if j := judge(list, file, h.Rule.ID); j != nil && h.Confidence > secret.Possible {
					if verdict = fmt.Sprint(j.real); j.real {
						n.real++
					} else {
						n.false++
					}
				} else if h.Confidence > secret.Possible {
					n.unjudged++
				}
				fmt.Fprintf(out, "%-5s %-8s %-28s %s:%d: %s\n", verdict, h.Confidence, h.Rule.ID, file, number, excerpt(line, h.Value))
			}
			return nil
		})
		if err != nil {
			return err
		}
		unjudged += n.unjudged
		fmt.Fprintf(out, "\n%s: %d files, %.0f MB: %d above possible (%d true, %d false, %d not judged), %d possible",
			filepath.Base(dir), n.files, float64(n.bytes)/1e6, n.findings, n.real, n.false, n.unjudged, n.possible)
		if n.real+n.false > 0 {
			fmt.Fprintf(out, "; precision %.2f", float64(n.real)/float64(n.real+n.false))
		}
		fmt.Fprintln(out)
		for _, id := range slices.Sorted(maps.Keys(byRule)) {
			fmt.Fprintf(out, "  possible %6d %s\n", byRule[id], id)
		}
		if peer != "" {
			if err := comparePeer(out, peer, dir, found); err != nil {
				return err
			}
		}
	}
	if unjudged > 0 {
		return fmt.Errorf("%d findings are not judged in %s", unjudged, judged)
	}
	return nil
}

// excerpt is what surrounds a value in its line, short enough to read.
func excerpt(line, value []byte) string {
	const reach = 60
	first, _, _ := strings.Cut(string(value), "\n")
	at := max(0, strings.Index(string(line), first))
	from, to := max(0, at-reach), min(len(line), at+len(first)+reach/3)
	return fmt.Sprintf("%.200q", line[from:to])
}

type place struct {
	path string
	line int
}

// comparePeer lists what gitleaks reports where nothing was found.
func comparePeer(out io.Writer, report, dir string, found map[place]bool) error {
	content, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	var findings []struct {
		RuleID, File, Match string
		StartLine, EndLine  int
	}
	if err := json.Unmarshal(content, &findings); err != nil {
		return err
	}
	alone := 0
	for _, p := range findings {
		file, err := filepath.Rel(dir, p.File)
		if err != nil || strings.HasPrefix(file, "..") {
			continue
		}
		file = filepath.ToSlash(file)
		// Its line of a match that begins with a line break is the one before.
		seen := false
		for line := p.StartLine - 1; line <= p.EndLine+1; line++ {
			seen = seen || found[place{file, line}]
		}
		if !seen {
			alone++
			fmt.Fprintf(out, "peer only  %-28s %s:%d: %.160q\n", p.RuleID, file, p.StartLine, p.Match)
		}
	}
	fmt.Fprintf(out, "the peer: %d findings, %d of them where nothing was found\n", len(findings), alone)
	return nil
}
