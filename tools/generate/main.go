// Command generate writes the files of the repository that are made from code:
// docs/cli.md from the commands and docs/verdict.schema.json from the model.
// With -check it writes nothing and fails where one is out of date.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"

	"plimsoll/internal/cli"
	"plimsoll/internal/report"
)

func main() {
	check := flag.Bool("check", false, "fail where a file is out of date, write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"docs/cli.md", cli.WriteReference},
		{"docs/verdict.schema.json", writeSchema},
	} {
		var want bytes.Buffer
		if err := f.write(&want); err != nil {
			return fmt.Errorf("make %s: %w", f.name, err)
		}
		have, err := os.ReadFile(f.name)
		if err == nil && bytes.Equal(have, want.Bytes()) {
			continue
		}
		if check {
			return fmt.Errorf("%s is out of date: run make generate", f.name)
		}
		if err := os.WriteFile(f.name, want.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func writeSchema(w io.Writer) error {
	schema, err := report.Schema()
	if err != nil {
		return err
	}
	_, err = w.Write(schema)
	return err
}
