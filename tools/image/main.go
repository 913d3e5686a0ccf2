// Command image writes Plimsoll's own image: an OCI layout with an index of one
// image for each platform, and the SBOM of each attached to it. No daemon takes
// part, and nothing is downloaded.
//
//	image -o dist/image linux/amd64=dist/plimsoll-linux-amd64 linux/arm64=…
//
// The same programs and the same commit give the same bytes: every time in the
// image is SOURCE_DATE_EPOCH or that of the commit, and nothing of the machine
// that builds is copied.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("o", "dist/image", "folder of the OCI layout; one that is there is replaced")
	archive := flags.String("tar", "", "file to write the layout to as one tar as well")
	source := flags.String("source", "", "address of the source code, for the label (default: none, since nobody said)")
	tag := flags.String("tag", "latest", "name of the image within the layout")
	if err := flags.Parse(args); err != nil {
		return err
	}
	programs, err := parsePrograms(flags.Args())
	if err != nil {
		return err
	}
	r := recipe{Programs: programs, Source: *source, Tag: *tag}
	if err := r.describe(ctx, getenv, stderr); err != nil {
		return err
	}
	digest, err := write(ctx, r, *out)
	if err != nil {
		return err
	}
	if *archive != "" {
		if err := writeArchive(*archive, *out, r.Time); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(stdout, "%s@%s\n", *out, digest)
	return err
}

// parsePrograms reads arguments of the form "linux/amd64=FILE".
func parsePrograms(args []string) ([]program, error) {
	var programs []program
	for _, arg := range args {
		platform, file, ok := strings.Cut(arg, "=")
		system, architecture, both := strings.Cut(platform, "/")
		if !ok || !both || system != "linux" || architecture == "" || file == "" {
			return nil, fmt.Errorf("%q is not of the form linux/ARCHITECTURE=FILE", arg)
		}
		for _, p := range programs {
			if p.Platform.Architecture == architecture {
				return nil, fmt.Errorf("%s is given twice", platform)
			}
		}
		programs = append(programs, program{Platform: v1.Platform{OS: system, Architecture: architecture}, File: file})
	}
	if len(programs) == 0 {
		return nil, errors.New("name a program for each platform: linux/amd64=FILE")
	}
	return programs, nil
}

// describe fills in what the commit says: the time, the revision and the version.
// A revision is a claim about every byte, so a changed tree gets none.
func (r *recipe) describe(ctx context.Context, getenv func(string) string, stderr io.Writer) error {
	status, err := git(ctx, "status", "--porcelain", "--untracked-files=no")
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "image: no commit to name as the revision:", err)
	case status != "":
		fmt.Fprintln(stderr, "image: the tree differs from its commit: no revision is named")
	default:
		if r.Revision, err = git(ctx, "rev-parse", "HEAD"); err != nil {
			return err
		}
		// A tag on this very commit is a version; where there is none, none is named.
		r.Version, _ = git(ctx, "describe", "--tags", "--exact-match", "--match=v[0-9]*")
	}
	stamp := getenv("SOURCE_DATE_EPOCH")
	if stamp == "" {
		if stamp, err = git(ctx, "log", "-1", "--format=%ct"); err != nil {
			return fmt.Errorf("find a time for the image: set SOURCE_DATE_EPOCH, or build from a commit: %w", err)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || seconds < 0 {
		return fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds since 1970", stamp)
	}
	r.Time = time.Unix(seconds, 0).UTC()
	return nil
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}
