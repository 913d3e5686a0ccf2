// Command generate writes the files of the repository that are made from code:
// docs/cli.md from the commands, docs/verdict.schema.json from the model,
// docs/policy.schema.json from the reader of policies, and the example in README.md
// from the demonstration.
// With -check it writes nothing and fails where one is out of date.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"plimsoll/internal/cli"
	"plimsoll/internal/gate/policy"
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
		{"docs/policy.schema.json", writePolicySchema},
		{"docs/secret-rules.md", writeSecretRules},
		{"docs/detectors.md", writeDetectors},
		{"docs/lint-rules.md", writeLintRules},
		{"README.md", writeReadme},
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

func writePolicySchema(w io.Writer) error {
	schema, err := policy.Schema()
	if err != nil {
		return err
	}
	_, err = w.Write(schema)
	return err
}

// The examples stand between these lines of the README.
const (
	exampleBegin = "<!-- made by make generate -->\n```text\n"
	plantedBegin = "<!-- planted: made by make generate -->\n```text\n"
	exampleEnd   = "```\n<!-- end -->\n"
)

// writeReadme writes the README as it is, with the beginning of what plimsoll
// demo prints as its example: up to the end of the first package's findings.
func writeReadme(w io.Writer) error {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	var out, problems bytes.Buffer
	env := map[string]string{"COLUMNS": "96"}
	status := cli.Run(context.Background(), cli.Env{
		Args: []string{"demo", "--quiet", "--color", "never"}, Getenv: func(k string) string { return env[k] },
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems,
	})
	if status != 0 {
		return fmt.Errorf("the demonstration ended with status %d: %s", status, problems.String())
	}
	text := string(readme)
	for _, example := range []struct{ begin, content string }{
		{exampleBegin, beginning(out.String()) + "…\n"},
		{plantedBegin, planted(out.String()) + "…\n"},
	} {
		before, rest, ok := strings.Cut(text, example.begin)
		_, after, ok2 := strings.Cut(rest, exampleEnd)
		if !ok || !ok2 {
			return fmt.Errorf("README.md has no place for the example (%q … %q)", example.begin, exampleEnd)
		}
		text = before + example.begin + example.content + exampleEnd + after
	}
	_, err = io.WriteString(w, text)
	return err
}

// planted is what the demonstration says of the image that holds planted code, up
// to the account of its executables.
func planted(demo string) string {
	_, rest, _ := strings.Cut(demo, "\nDO NOT RUN")
	shown, _, _ := strings.Cut("DO NOT RUN"+rest, "\nEXECUTABLES")
	return shown
}

// beginning is the demonstration up to the end of the first package's findings.
func beginning(demo string) string {
	blocks := strings.SplitAfter(demo, "\n\n")
	for i, b := range blocks {
		if strings.Contains(b, "severity    id") {
			return strings.Join(blocks[:i+1], "")
		}
	}
	return demo
}
