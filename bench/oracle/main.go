// Command oracle runs Plimsoll, syft and grype on the same images and holds
// their results against one another:
//
//   - packages that syft finds and Plimsoll does not, and the other way round;
//   - vulnerabilities that grype matches and Plimsoll's opinion from the same
//     grype DB does not, and the other way round: once on the image as each
//     program reads it, and once on Plimsoll's own SBOM, so that both judge
//     the very same packages.
//
// Every difference must be explained by a row of causes.go. One that is not
// makes the exit status 1. The report is Markdown, fit for docs/accuracy.md.
//
// Grype is used with the database that it has: set GRYPE_DB_CACHE_DIR, and
// PLIMSOLL_DB_DIR to a copy of the same database.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if errors.Is(err, errUnexplained) {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
}

// errUnexplained says that a difference has no cause written down.
var errUnexplained = errors.New("differences without a cause")

// options are the programs to run and where to keep what they print.
type options struct {
	syft, grype, plimsoll string
	cache                 string
	verbose               bool
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	var opt options
	flags := flag.NewFlagSet("oracle", flag.ContinueOnError)
	flags.StringVar(&opt.syft, "syft", "syft", "the syft program")
	flags.StringVar(&opt.grype, "grype", "grype", "the grype program")
	flags.StringVar(&opt.plimsoll, "plimsoll", "plimsoll", "the plimsoll program")
	flags.StringVar(&opt.cache, "cache", "", "folder that keeps the peers' output for each image (default: a temporary one)")
	flags.BoolVar(&opt.verbose, "verbose", false, "list every difference, explained ones included")
	out := flags.String("output", "", "file for the report (default: standard output)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("name one or more OCI layouts")
	}
	if opt.cache == "" {
		dir, err := os.MkdirTemp("", "plimsoll-oracle-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder left over harms nothing
		opt.cache = dir
	}
	rep := report{verbose: opt.verbose}
	if err := rep.name(opt); err != nil {
		return err
	}
	for _, image := range flags.Args() {
		c, err := compareImage(ctx, opt, image)
		if err != nil {
			return fmt.Errorf("%s: %w", image, err)
		}
		rep.images = append(rep.images, c)
	}
	if *out == "" {
		_, err := io.WriteString(stdout, rep.markdown())
		return errors.Join(err, rep.unexplained())
	}
	return errors.Join(os.WriteFile(*out, []byte(rep.markdown()), 0o644), rep.unexplained())
}

// comparison is everything found out about one image.
type comparison struct {
	image string
	// packages compares with syft, onImage with grype reading the image,
	// onSBOM with grype reading Plimsoll's SBOM.
	packages        packageDiff
	onImage, onSBOM matchDiff
}

func compareImage(ctx context.Context, opt options, image string) (comparison, error) {
	c := comparison{image: filepath.Base(image)}
	outputs, err := runAll(ctx, opt, image)
	if err != nil {
		return c, err
	}
	ours, err := readVerdict(outputs.verdict)
	if err != nil {
		return c, err
	}
	theirs, err := readSyft(outputs.syft)
	if err != nil {
		return c, err
	}
	onImage, err := readGrype(outputs.grypeImage)
	if err != nil {
		return c, err
	}
	onSBOM, err := readGrype(outputs.grypeSBOM)
	if err != nil {
		return c, err
	}
	in := &circumstances{ours: ours, theirs: theirs, onSBOM: onSBOM}
	c.packages = diffPackages(in)
	if c.onImage, err = diffMatches(onImage, in); err != nil {
		return c, err
	}
	in.sbom = true
	c.onSBOM, err = diffMatches(onSBOM, in)
	return c, err
}
