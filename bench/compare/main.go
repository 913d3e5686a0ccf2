// Command compare runs the floor, Plimsoll and whichever peers are on PATH on
// the same images, in turns within one run, and prints a table of ratios to the
// floor, and to the floor that unpacks the archives inside layers too, with
// medians: CPU time (user and system), wall time and peak memory.
//
// Machines are noisy: ratios of one run count, absolute times do not.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each command runs")
	floor := flag.String("floor", "", "the floor program")
	plimsoll := flag.String("plimsoll", "", "the plimsoll program")
	flag.Parse()
	if err := run(context.Background(), *rounds, *floor, *plimsoll, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// contender is one command line; IMAGE in an argument is the layout's folder,
// TREE a folder with the image's files.
type contender struct {
	name string
	args []string
	env  []string
}

type sample struct {
	cpu, wall time.Duration
	rss       int64 // bytes
}

func run(ctx context.Context, rounds int, floor, plimsoll string, images []string) error {
	if len(images) == 0 {
		return fmt.Errorf("name one or more OCI layout folders")
	}
	scratch, err := os.MkdirTemp("", "plimsoll-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	all := contenders(floor, plimsoll, scratch)
	fmt.Println("| image | command | CPU ÷ floor | CPU ÷ floor with archives | wall ÷ floor | CPU | wall | peak MB |")
	fmt.Println("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	for n, image := range images {
		tree := filepath.Join(scratch, fmt.Sprintf("tree%d", n))
		if slices.ContainsFunc(all, func(c contender) bool { return slices.Contains(c.args, "TREE") }) {
			if err := unpack(ctx, image, tree); err != nil {
				return err
			}
		}
		samples := make([][]sample, len(all))
		for range rounds {
			for i, c := range all {
				s, err := measure(ctx, c, image, tree)
				if err != nil {
					return fmt.Errorf("%s on %s: %w", c.name, image, err)
				}
				samples[i] = append(samples[i], s)
			}
		}
		if err := os.RemoveAll(tree); err != nil {
			return err
		}
		base, within := median(samples[0]), median(samples[1])
		for i, c := range all {
			m := median(samples[i])
			fmt.Printf("| %s | %s | %.2f | %.2f | %.2f | %.2f s | %.2f s | %d |\n", filepath.Base(image), c.name,
				ratio(m.cpu, base.cpu), ratio(m.cpu, within.cpu), ratio(m.wall, base.wall), m.cpu.Seconds(), m.wall.Seconds(), m.rss>>20)
		}
	}
	return nil
}

func contenders(floor, plimsoll, scratch string) []contender {
	cache := filepath.Join(scratch, "cache")
	all := []contender{
		{name: "floor", args: []string{floor, "IMAGE"}},
		{name: "floor with archives", args: []string{floor, "-archives", "IMAGE"}},
		{
			name: "plimsoll scan, cold", args: []string{plimsoll, "scan", "-q", "--no-cache", "-o", "json", "oci:IMAGE"},
		},
		{
			name: "plimsoll account, cold (the whole pass, no database)", args: []string{plimsoll, "account", "-q", "--no-cache", "-o", "json", "oci:IMAGE"},
		},
		{
			name: "plimsoll scan, warm", args: []string{plimsoll, "scan", "-q", "--cache-dir", cache, "-o", "json", "oci:IMAGE"},
		},
	}
	for _, peer := range []contender{
		{name: "syft", args: []string{"syft", "scan", "-q", "-o", "syft-json", "oci-dir:IMAGE"}, env: []string{"SYFT_CHECK_FOR_APP_UPDATE=false"}},
		{name: "trivy, packages", args: []string{"trivy", "image", "-q", "--offline-scan", "--skip-db-update", "--skip-java-db-update", "--format", "cyclonedx", "--cache-backend", "memory", "--input", "IMAGE"}},
		{name: "trivy, secrets", args: []string{"trivy", "image", "-q", "--offline-scan", "--scanners", "secret", "--format", "json", "--cache-backend", "memory", "--input", "IMAGE"}},
		{name: "gitleaks, unpacked tree", args: []string{"gitleaks", "dir", "--no-banner", "-l", "error", "--exit-code", "0", "TREE"}},
		{name: "grype", args: []string{"grype", "-q", "-o", "json", "oci-dir:IMAGE"}, env: []string{"GRYPE_DB_AUTO_UPDATE=false", "GRYPE_CHECK_FOR_APP_UPDATE=false", "GRYPE_DB_VALIDATE_AGE=false"}},
	} {
		if _, err := exec.LookPath(peer.args[0]); err == nil {
			all = append(all, peer)
		} else {
			fmt.Fprintf(os.Stderr, "compare: %s is not on PATH and is left out\n", peer.args[0])
		}
	}
	return all
}

func measure(ctx context.Context, c contender, image, tree string) (sample, error) {
	args := make([]string, len(c.args))
	for i, a := range c.args {
		args[i] = strings.ReplaceAll(strings.ReplaceAll(a, "IMAGE", image), "TREE", tree)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout = io.Discard
	var stderr strings.Builder
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil && cmd.ProcessState == nil {
		return sample{}, err
	}
	// Exit status 3 is a verdict too; anything that printed nothing is not.
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 3 {
		return sample{}, fmt.Errorf("%w\n%s", err, stderr.String())
	}
	state := cmd.ProcessState
	return sample{cpu: state.UserTime() + state.SystemTime(), wall: wall, rss: peak(state)}, nil
}

func median(s []sample) sample {
	pick := func(of func(sample) int64) int64 {
		v := make([]int64, len(s))
		for i := range s {
			v[i] = of(s[i])
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return sample{
		cpu:  time.Duration(pick(func(s sample) int64 { return int64(s.cpu) })),
		wall: time.Duration(pick(func(s sample) int64 { return int64(s.wall) })),
		rss:  pick(func(s sample) int64 { return s.rss }),
	}
}

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
