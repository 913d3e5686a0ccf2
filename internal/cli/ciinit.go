package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"plimsoll/internal/ci"
	"plimsoll/internal/gate/policy"
)

type ciInitOptions struct {
	ci.Options
	output string
	force  bool
}

func newCIInitCommand(a *app) *cobra.Command {
	o := &ciInitOptions{}
	var names []string
	for _, s := range ci.Systems() {
		names = append(names, s.Name)
	}
	cmd := &cobra.Command{
		Use:   "init [" + strings.Join(names, "|") + "]",
		Short: "Write the gate of an image for a pipeline",
		Long: `Write the gate of an image for a pipeline (default github): build, gate the image
and its Dockerfile, and keep the reports and the SBOM. In GitHub Actions every action
is pinned to a full commit, the token may do little, and a pull request from a fork
needs no secret.

The pipeline must get the scanner from somewhere: --tool-url with --tool-sha256 fetches
a program and holds it against its checksum; --tool-action names an action by its
commit, such as this project's own. Without either, plimsoll must be on the runner.

--engine trivy writes the same gate for teams that stay on Trivy: trivy image
--exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed, and trivy config.

Exit status:
  0    written
  2    usage: a flag or an argument is wrong, or the file exists`,
		Example: `  plimsoll ci init --image app:ci
  plimsoll ci init gitlab --policy strict --dockerfile docker/Dockerfile
  plimsoll ci init --engine trivy --output -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Errorf("%s takes one pipeline; see %s --help", cmd.CommandPath(), cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runCIInit(o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Engine, "engine", "plimsoll", "whose gate it is: plimsoll or trivy")
	f.StringVar(&o.Image, "image", "app:ci", "name under which the image is built")
	f.StringVar(&o.Dockerfile, "dockerfile", "Dockerfile", "the image's Dockerfile, from the repository's root")
	f.StringVar(&o.Context, "context", ".", "folder of the build context, from the repository's root")
	f.StringVar(&o.Policy, "policy", policy.Default, "policy file in the repository, or a ready policy: "+strings.Join(policy.ReadyNames(), ", "))
	f.StringVar(&o.ToolURL, "tool-url", "", "https address of the scanner's program for the runner; goes with --tool-sha256")
	f.StringVar(&o.ToolSHA256, "tool-sha256", "", "SHA-256 of that program, 64 digits")
	f.StringVar(&o.ToolAction, "tool-action", "", "action that installs the scanner, as owner/repo@COMMIT of 40 digits (GitHub Actions)")
	f.StringVar(&o.output, "output", "", "file to write (default where the pipeline looks for it); - is standard output")
	f.BoolVar(&o.force, "force", false, "replace the file where it exists")
	return cmd
}

func (a *app) runCIInit(o *ciInitOptions, args []string) error {
	name := "github"
	if len(args) == 1 {
		name = args[0]
	}
	system, err := ci.SystemByName(name)
	if err != nil {
		return usage(err)
	}
	source, err := ci.Write(system, o.Options)
	if err != nil {
		return usage(err)
	}
	if o.output == "-" {
		_, err := a.env.Stdout.Write(source)
		return err
	}
	file := filepath.FromSlash(system.File)
	if o.output != "" {
		file = o.output
	}
	if _, err := os.Lstat(file); err == nil && !o.force {
		return usage(fmt.Errorf("%s exists: --force replaces it, --output - prints what would be written", file))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	err = writeFile(file, func(w io.Writer) error {
		_, err := w.Write(source)
		return err
	})
	if err != nil {
		return err
	}
	a.note("wrote %s, the gate of %s in %s", file, o.Image, system.Title)
	next := system.Next
	if o.Engine == "plimsoll" && o.ToolURL == "" && o.ToolAction == "" && name != "tekton" && name != "pre-commit" {
		next = append([]string{"the runner must have plimsoll on PATH; --tool-url with --tool-sha256 fetches it instead"}, next...)
	}
	for _, s := range next {
		a.note("next: %s", s)
	}
	if name == "github" {
		a.note("next: plimsoll ci check %s, and plimsoll ci prove %s", file, file)
	}
	return nil
}
