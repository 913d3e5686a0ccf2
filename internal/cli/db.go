package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/store"
	"plimsoll/internal/scan"
)

func newDBCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Fetch, check and carry the vulnerability databases",
		Long: `Fetch, check and carry the two vulnerability databases: trivy-db, an artifact
in OCI registries, and grype-db, an archive that a listing names. A scan reads
the published files directly and never changes them.

` + exitStatusHelp,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDBUpdate(a), newDBStatus(a), newDBVerify(a), newDBImport(a), newDBExport(a), newDBPath(a))
	return cmd
}

func newDBUpdate(a *app) *cobra.Command {
	o := &store.UpdateOptions{}
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Fetch newer copies, each at most once per its publisher's own next-update time",
		Long: `Fetch newer copies of the databases: trivy-db from the first registry that
answers, grype-db from its listing. Checksums and schema are checked before a
copy takes the place of the one before it; an interrupted download is resumed.
HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honoured.

` + exitStatusHelp,
		Example: "  plimsoll db update --trivy-db registry.example/mirror/trivy-db:2",
		Args:    exactly(0, "no arguments"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.update(cmd.Context(), *o) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.Databases, "only", nil, "database to update: "+strings.Join(store.Names(), ", ")+" (default all)")
	f.BoolVar(&o.Force, "force", false, "ask upstream even before its next-update time")
	f.StringSliceVar(&o.TrivyMirrors, "trivy-db", nil, "registry references to try in turn (default "+strings.Join(store.DefaultTrivyMirrors(), ", ")+")")
	f.StringSliceVar(&o.GrypeListings, "grype-db", nil, "addresses of latest.json to try in turn (default "+strings.Join(store.DefaultGrypeListings(), ", ")+")")
	f.BoolVar(&o.PlainHTTP, "insecure", false, "allow plain HTTP to a host that is not on loopback")
	f.StringVar(&o.CAFile, "ca-file", "", "PEM file of certificate authorities to trust beside the system's")
	return cmd
}

// update runs one update and prints one line for each database.
func (a *app) update(ctx context.Context, o store.UpdateOptions) error {
	if err := readable("--ca-file", o.CAFile); err != nil {
		return err
	}
	s, err := a.store()
	if err != nil {
		return err
	}
	o.FromEnv(a.env.Getenv)
	show := a.newDownloads()
	o.Progress = show.event
	results, err := s.Update(ctx, o)
	show.close()
	for _, r := range results {
		for _, w := range r.Warnings {
			a.note("%s: %s", r.Database, w)
		}
		if r.Outcome != store.Failed {
			a.note("%s: %s, built %s", r.Database, r.Outcome, day(r.Info.Built))
		}
	}
	if errors.Is(err, store.ErrUnknown) {
		return usage(err)
	}
	if err != nil && ctx.Err() == nil {
		return &statusError{statusNoDatabase, err}
	}
	return err
}

func day(t time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return t.UTC().Format(time.DateOnly)
}

// downloads draws one bar for each database, labelled with what is being done
// to it: unpacking and indexing take as long as the download.
type downloads struct {
	bars *mpb.Progress
	mu   sync.Mutex
	bar  map[string]*mpb.Bar
	step map[string]store.Step
}

func (a *app) newDownloads() *downloads {
	d := &downloads{bar: map[string]*mpb.Bar{}, step: map[string]store.Step{}}
	if a.drawing() {
		d.bars = newBars(a.env.Stderr)
	}
	return d
}

func (d *downloads) event(p store.Progress) {
	if d.bars == nil {
		return
	}
	d.mu.Lock()
	bar := d.bar[p.Database]
	d.step[p.Database] = p.Step
	d.mu.Unlock()
	if bar == nil {
		bar = addBar(d.bars, func() string { return d.label(p.Database) })
		d.mu.Lock()
		d.bar[p.Database] = bar
		d.mu.Unlock()
	}
	if p.Total > 0 {
		bar.SetTotal(p.Total, false)
		bar.SetCurrent(min(p.Done, p.Total))
	}
}

// label is what stands before a bar: "grype-db index".
func (d *downloads) label(database string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fmt.Sprintf("%s %-8s", database, d.step[database])
}

func (d *downloads) close() {
	if d.bars == nil {
		return
	}
	for _, bar := range d.bar {
		bar.Abort(true)
	}
	d.bars.Wait()
}

// databasesOrOffer opens the databases; where there is none and a person sits
// at the terminal, it offers to fetch them first.
func (a *app) databasesOrOffer(ctx context.Context, s *store.Store, o *imageOptions) ([]advisory.Database, func(), error) {
	dbs, closeAll, err := a.databases(ctx, s)
	if !errors.Is(err, scan.ErrNoDatabase) {
		return dbs, closeAll, err
	}
	in, isFile := a.env.Stdin.(*os.File)
	if _, tty := terminal(a.env.Stdin); !isFile || !tty || !a.drawing() {
		return nil, nil, err
	}
	fmt.Fprintf(a.env.Stderr, "plimsoll: no vulnerability database yet; fetch trivy-db and grype-db now (about 200 MB)? [Y/n] ")
	answer, readErr := bufio.NewReader(in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "", "y", "yes":
	default:
		return nil, nil, err
	}
	if readErr != nil {
		return nil, nil, err
	}
	if err := a.update(ctx, store.UpdateOptions{PlainHTTP: o.insecure, CAFile: o.caFile}); err != nil {
		return nil, nil, err
	}
	return a.databases(ctx, s)
}

func newDBStatus(a *app) *cobra.Command {
	var format string
	var maxAge time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which copies are there, of which date, and whether they are stale",
		Long:  "Say which copies are there, of which date, and whether they are stale.\n\n" + exitStatusHelp,
		Args:  exactly(0, "no arguments"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runDBStatus(cmd.Context(), format, maxAge) },
	}
	cmd.Flags().StringVarP(&format, "format", "o", "table", "table or json")
	cmd.Flags().DurationVar(&maxAge, "max-db-age", store.DefaultMaxAge, "age from which a copy counts as stale")
	return cmd
}

func (a *app) runDBStatus(ctx context.Context, format string, maxAge time.Duration) error {
	if err := tableOrJSON(format); err != nil {
		return err
	}
	s, err := a.store(store.WithClock(a.now))
	if err != nil {
		return err
	}
	all, err := s.Status(ctx, maxAge)
	if err != nil {
		return err
	}
	missing := 0
	for _, st := range all {
		if !st.Present {
			missing++
		}
	}
	if format == "json" {
		enc := json.NewEncoder(a.env.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(all); err != nil {
			return err
		}
	} else {
		a.printStatus(all)
	}
	if missing == len(all) {
		return exit(statusNoDatabase)
	}
	return nil
}

func (a *app) printStatus(all []store.Status) {
	for _, st := range all {
		out := a.env.Stdout
		if !st.Present {
			fmt.Fprintf(out, "%-9s missing: %s\n", st.Database, st.Problem)
			continue
		}
		state := "fresh"
		if st.Stale {
			state = "stale"
		}
		fmt.Fprintf(out, "%-9s %s, built %s (%.1f days ago), schema %s, %.0f MB\n", st.Database, state,
			day(st.Info.Built), st.Age.Hours()/24, st.Info.Schema, float64(st.Size)/1e6)
		fmt.Fprintf(out, "%-9s %s\n", "", st.Info.Digest)
		if st.Info.From != "" {
			fmt.Fprintf(out, "%-9s from %s\n", "", st.Info.From)
		}
		if !st.NextAsk.IsZero() {
			fmt.Fprintf(out, "%-9s upstream is asked again after %s\n", "", st.NextAsk.UTC().Format(time.RFC3339))
		}
		if st.Warning != "" {
			fmt.Fprintf(out, "%-9s %s\n", "", st.Warning)
		}
	}
}

func newDBVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Read every stored byte again and compare it with what was fetched",
		Long:  "Read every stored byte again and compare it with what was fetched.\n\n" + exitStatusHelp,
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.store()
			if err != nil {
				return err
			}
			problems, err := s.Verify(cmd.Context())
			if err != nil {
				return err
			}
			for _, p := range problems {
				fmt.Fprintf(a.env.Stdout, "%s: %s\n", strings.TrimSpace(p.Database+" "+p.File), strings.TrimPrefix(p.Reason, p.Database+": "))
			}
			if len(problems) > 0 {
				return exit(statusNoDatabase)
			}
			fmt.Fprintln(a.env.Stdout, "all databases are sound")
			return nil
		},
	}
}

func newDBImport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Take databases from a file: one that export wrote, or a publisher's own",
		Long: `Take databases from a file: one that plimsoll db export wrote, trivy-db's
db.tar.gz, an OCI layout of trivy-db, or grype-db's vulnerability-db archive.
FILE may be - for standard input. A damaged file changes nothing.

` + exitStatusHelp,
		Args: exactly(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.store()
			if err != nil {
				return err
			}
			var results []store.Result
			if args[0] == "-" {
				results, err = s.ImportReader(cmd.Context(), a.env.Stdin, "standard input", store.ImportOptions{})
			} else {
				results, err = s.Import(cmd.Context(), args[0], store.ImportOptions{})
			}
			if errors.Is(err, store.ErrNotDatabase) || errors.Is(err, fs.ErrNotExist) {
				return usage(err)
			}
			if err != nil {
				return &statusError{statusNoDatabase, err}
			}
			for _, r := range results {
				a.note("%s: %s, built %s", r.Database, r.Outcome, day(r.Info.Built))
			}
			return nil
		},
	}
}

func newDBExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export FILE",
		Short: "Write all databases into one file for a machine without a network",
		Long: `Write all databases into one file for a machine without a network; plimsoll db
import reads it there. FILE may be - for standard output.

` + exitStatusHelp,
		Args: exactly(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.store()
			if err != nil {
				return err
			}
			var infos []advisory.Info
			if args[0] == "-" {
				infos, err = s.Export(cmd.Context(), a.env.Stdout)
			} else {
				infos, err = s.ExportFile(cmd.Context(), args[0])
			}
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				return usage(err)
			}
			if err != nil {
				return err
			}
			for _, i := range infos {
				a.note("%s of %s exported", i.Name, day(i.Built))
			}
			return nil
		},
	}
}

func newDBPath(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print the folder that holds the databases",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			s, err := a.store()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.env.Stdout, s.Dir())
			return err
		},
	}
}
