package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"plimsoll/internal/secret"
)

// rounds is how often each measurement is repeated; the median counts.
const rounds = 5

// mostLoaded bounds what is held in memory of one tree.
const mostLoaded = 3 << 30

type file struct {
	path string
	text []byte
}

// speed measures the processor time of the search for keywords, and of that with
// the rules, over trees in memory; then what each keyword costs.
func speed(out io.Writer, keywords int, dirs []string) error {
	f, err := newFinder(secret.Rules())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d rules, %d keywords\n\n", len(secret.Rules()), len(f.engine.Words()))
	fmt.Fprintf(out, "%-16s %8s %8s %14s %14s %10s\n", "tree", "files", "MB", "keywords ns/B", "with rules", "hits/MB")
	costs := make([]cost, len(f.engine.Words()))
	for _, dir := range dirs {
		files, size, err := load(dir)
		if err != nil {
			return err
		}
		if size == 0 {
			return fmt.Errorf("%s holds no files", dir)
		}
		hits := 0
		alone := median(func() {
			hits = 0
			for _, t := range files {
				f.words.Find(t.text, 0, len(t.text), func(int, int) bool { hits++; return true })
			}
		})
		both := median(func() {
			for _, t := range files {
				f.find(t.path, t.text)
			}
		})
		fmt.Fprintf(out, "%-16s %8d %8.0f %14.2f %14.2f %10.0f\n", filepath.Base(dir), len(files), float64(size)/1e6,
			float64(alone)/float64(size), float64(both)/float64(size), float64(hits)/(float64(size)/1e6))
		f.measure(files, costs)
	}
	printCosts(out, f, costs, keywords)
	return nil
}

func load(dir string) (files []file, size int64, err error) {
	err = eachFile(dir, func(path string, text []byte) error {
		if size+int64(len(text)) <= mostLoaded {
			files, size = append(files, file{path, text}), size+int64(len(text))
		}
		return nil
	})
	return files, size, err
}

// median is the median processor time of some rounds.
func median(work func()) time.Duration {
	var times []time.Duration
	for range rounds {
		start := processorTime()
		work()
		times = append(times, processorTime()-start)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// cost is what the rules behind one keyword took.
type cost struct {
	word, hits int
	spent      time.Duration
}

func (f *finder) measure(files []file, costs []cost) {
	for _, t := range files {
		var s *secret.Search
		f.words.Find(t.text, 0, len(t.text), func(word, at int) bool {
			if s == nil {
				s = f.engine.Begin(t.path)
			}
			start := time.Now()
			s.Keyword(t.text, 0, word, at)
			costs[word].spent += time.Since(start)
			costs[word].hits++
			return true
		})
	}
}

func printCosts(out io.Writer, f *finder, costs []cost, most int) {
	var hits int
	var spent time.Duration
	for i := range costs {
		costs[i].word = i
		hits, spent = hits+costs[i].hits, spent+costs[i].spent
	}
	slices.SortFunc(costs, func(a, b cost) int { return int(b.spent - a.spent) })
	// Asking the clock twice is in each hit's time.
	fmt.Fprintf(out, "\n%d hits took %v; the dearest keywords:\n%10s %12s %8s  keyword\n", hits, spent.Round(time.Millisecond), "hits", "time", "ns/hit")
	for _, c := range costs[:min(most, len(costs))] {
		if c.hits > 0 {
			fmt.Fprintf(out, "%10d %12v %8d  %q\n", c.hits, c.spent.Round(10*time.Microsecond), c.spent.Nanoseconds()/int64(c.hits), f.engine.Words()[c.word].Text)
		}
	}
}
