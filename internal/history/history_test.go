package history_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/history"
	"plimsoll/internal/inventory"
)

// layer lists "f path size", "w path" and "d path".
func layer(entries ...string) *evidence.Layer {
	l := &evidence.Layer{Size: 1000}
	for _, e := range entries {
		var path string
		var size int64
		fmt.Sscan(e[2:], &path, &size)
		mode := fs.FileMode(0o755)
		if strings.HasSuffix(path, "/su") {
			mode |= fs.ModeSetuid
		}
		l.Files.Append(path, evidence.EntryType(e[0]), mode, size, "")
		if e[0] == 'f' {
			l.Files.SetSum(uint32(size) + 1)
		}
	}
	return l
}

func recorded(l *evidence.Layer, path string, packages ...string) *evidence.Layer {
	l.Databases = append(l.Databases, path)
	for _, p := range packages {
		name, v, _ := strings.Cut(p, "@")
		l.Packages = append(l.Packages, inventory.Package{Type: "deb", Name: name, Version: v, Path: path})
	}
	return l
}

func of(opt history.Options, told []history.Told, layers ...*evidence.Layer) *history.History {
	in := history.Input{Layers: layers, History: told, Order: version.Order}
	for i := range layers {
		in.Refs = append(in.Refs, inventory.LayerRef{Index: i})
		in.Stored = append(in.Stored, 100)
	}
	for i := range told {
		in.Lines = append(in.Lines, inventory.LayerRef{Index: -1, CreatedBy: fmt.Sprint("line ", i)})
	}
	in.Merged = evidence.Merge(layers, in.Refs)
	in.Account, in.Publishers = account.Of(account.Input{Layers: layers, Refs: in.Refs})
	return history.Of(in, opt)
}

func TestWhatALineHidesStillShips(t *testing.T) {
	h := of(history.Options{}, []history.Told{{}, {Empty: true}, {}, {}},
		layer("f a 10", "f b 20", "f c/d 40", "f bin/su 5"), layer("f a 11", "f b 20", "w c", "f bin/su 5"), layer("w a"))
	if !h.Aligned || len(h.Lines) != 4 || h.Lines[1].Layer != nil {
		t.Fatalf("lines: %+v", h.Lines)
	}
	got := h.Lines[2].Layer
	want := history.Files{
		Changed: history.Tally{Files: 1, Bytes: 11}, Rewritten: history.Tally{Files: 2, Bytes: 25}, Deleted: history.Tally{Files: 1, Bytes: 40},
	}
	if d := cmp.Diff(want, got.Files); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]history.Buried{{Layer: 0, Tally: history.Tally{Files: 4, Bytes: 75}}}, got.Unreclaimed); d != "" {
		t.Errorf("unreclaimed (-want +got):\n%s", d)
	}
	if len(got.Privileged) != 0 || len(h.Lines[0].Layer.Privileged) != 1 {
		t.Errorf("setuid files: %+v, %+v", h.Lines[0].Layer.Privileged, got.Privileged)
	}
	if s := h.Lines[0].Layer.Superseded; s != (history.Tally{Files: 4, Bytes: 75}) {
		t.Errorf("superseded %+v", s)
	}
	totals := history.Totals{
		Size: 3000, Stored: 300, Shipped: history.Tally{Files: 7, Bytes: 111}, Final: history.Tally{Files: 2, Bytes: 25},
		Overwritten: history.Tally{Files: 3, Bytes: 35}, Again: history.Tally{Files: 2, Bytes: 25},
		Deleted: history.Tally{Files: 2, Bytes: 51}, Efficiency: 25.0 / 111,
	}
	if d := cmp.Diff(totals, h.Totals); d != "" {
		t.Errorf("totals (-want +got):\n%s", d)
	}
}

func TestHistoryThatDoesNotTellOfEveryLayerStandsAlone(t *testing.T) {
	h := of(history.Options{}, []history.Told{{}}, layer("f a 1"), layer("f b 1"))
	if h.Aligned || len(h.Lines) != 3 || h.Lines[0].Layer != nil || h.Lines[1].Index != -1 || h.Lines[2].Layer.Index != 1 {
		t.Errorf("%+v", h.Lines)
	}
}

func TestPackagesGoToTheLineThatChangedThem(t *testing.T) {
	const status = "var/lib/dpkg/status"
	h := of(history.Options{}, []history.Told{{}, {}},
		recorded(layer("f "+status+" 1"), status, "curl@1", "tar@2", "vim@1"), recorded(layer("f "+status+" 2"), status, "curl@2", "tar@1"))
	got := map[string]compare.Change{}
	for _, p := range h.Lines[1].Layer.Packages {
		got[p.Name] = p.Change
	}
	want := map[string]compare.Change{"curl": compare.Upgraded, "tar": compare.Downgraded, "vim": compare.Removed}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestTheTreeShowsWhatWeighsMost(t *testing.T) {
	l := layer("d usr", "f usr/lib/x/a 100", "f usr/lib/x/b 50", "f usr/bin/c 30", "f etc/d 1", "f etc/e 2")
	paths := func(opt history.Options) (rows []string) {
		opt.Tree = true
		for _, r := range of(opt, []history.Told{{}}, l).Lines[0].Layer.Tree {
			rows = append(rows, fmt.Sprintf("%d %s %d", r.Depth, r.Path, r.Bytes))
		}
		return rows
	}
	if d := cmp.Diff([]string{"0 usr/ 180", "1 usr/lib/x/ 150", "2 usr/lib/x/a 100", "2 usr/lib/x/b 50", "1 usr/bin/c 30", "0 etc/ 3", "1 etc/e 2", "1 etc/d 1"}, paths(history.Options{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"0 etc/ 3", "1 etc/d 1", "1 etc/e 2", "0 usr/ 180", "1 usr/bin/c 30", "1 usr/lib/x/ 150", "2 usr/lib/x/a 100", "2 usr/lib/x/b 50"}, paths(history.Options{ByPath: true})); d != "" {
		t.Errorf("by path (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"0 usr/ 180", "1 usr/lib/x/ 150", "2 usr/lib/x/a 100"}, paths(history.Options{Rows: 3})); d != "" {
		t.Errorf("three rows (-want +got):\n%s", d)
	}
}
