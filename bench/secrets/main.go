// Command secrets measures how well secrets are found: recall over planted
// credentials, precision over real trees of packages whose findings a person has
// judged, and time. README.md says how; docs/secrets-benchmark.md keeps results.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = "usage: secrets recall [-missed] [-peer-rules FILE] | " +
	"precision [-judged FILE] [-possible] [-peer FILE] DIR... | speed [-keywords N] DIR..."

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "secrets:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		args = []string{""}
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	switch args[0] {
	case "recall":
		peer := flags.String("peer-rules", "", "a configuration of gitleaks: values made from its expressions are planted as well")
		verbose := flags.Bool("missed", false, "list what was missed")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return recall(out, *peer, *verbose)
	case "precision":
		judged := flags.String("judged", "bench/secrets/judged.tsv", "findings that were judged")
		possible := flags.Bool("possible", false, "list possible findings too")
		peer := flags.String("peer", "", "a JSON report of gitleaks on the same tree: list what it alone finds")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return precision(out, *judged, *peer, *possible, flags.Args())
	case "speed":
		keywords := flags.Int("keywords", 25, "how many keywords to list")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return speed(out, *keywords, flags.Args())
	}
	return fmt.Errorf("unknown command %q; %s", args[0], usage)
}
