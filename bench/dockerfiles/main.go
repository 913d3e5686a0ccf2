// Command dockerfiles gathers real Dockerfiles to measure on: those that published
// Go modules carry. The modules and their versions are a fixed list, so that two
// runs measure the same files. Zips are only read; nothing of a module runs, and
// nothing of what is gathered belongs to this project.
//
//	go run ./bench/dockerfiles -o DIR
//
// Modules come through the machine's own Go configuration, into a module cache of
// their own that is removed module by module, so that the disk needed is that of
// the largest few. One file of each content is kept. Files that a module holds as
// input of its own tests lie in DIR/fixtures: they are valid as a rule, but say
// little of how images are built.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
)

//go:embed modules.txt
var moduleList string

func main() {
	out := flag.String("o", "", "folder to write to")
	jobs := flag.Int("jobs", 3, "modules read at the same time")
	flag.Parse()
	if *out == "" || *jobs < 1 || flag.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "usage: dockerfiles -o DIR [-jobs N]")
		os.Exit(2)
	}
	if err := run(*out, *jobs); err != nil {
		fmt.Fprintln(os.Stderr, "dockerfiles:", err)
		os.Exit(1)
	}
}

// module is one line of the list.
type module struct{ path, version string }

func modules(list string) ([]module, error) {
	var all []module
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		path, version, ok := strings.Cut(line, " ")
		if !ok || !strings.HasPrefix(version, "v") {
			return nil, fmt.Errorf("list of modules: %q is not a module and a version", line)
		}
		all = append(all, module{path, version})
	}
	return all, nil
}

// run fills out. Modules that can't be had don't keep the others from being read;
// they are named in the error.
func run(out string, jobs int) error {
	all, err := modules(moduleList)
	if err != nil {
		return err
	}
	// Read side by side, written in the order of the list: which of several files
	// of one content is kept must not depend on the network.
	type result struct {
		files []dockerfile
		err   error
	}
	results := make([]result, len(all))
	var wg sync.WaitGroup
	running := make(chan struct{}, jobs)
	for i, m := range all {
		wg.Go(func() {
			running <- struct{}{}
			defer func() { <-running }()
			files, err := fetch(m)
			results[i] = result{files, err}
			fmt.Fprintf(os.Stderr, "%s %s: %d\n", m.path, m.version, len(files))
		})
	}
	wg.Wait()

	c, err := newCorpus(out)
	if err != nil {
		return err
	}
	var failed []error
	for i, r := range results {
		if r.err != nil {
			failed = append(failed, r.err)
		}
		for _, f := range r.files {
			if err := c.add(all[i], f); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%d distinct files in %s: %d that modules are built or shown with, %d inputs of tests; %d more of the same content\n",
		c.kept+c.fixtures, out, c.kept, c.fixtures, c.same)
	return errors.Join(failed...)
}
