package ospkg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/ospkg/rpmdb"
	"plimsoll/internal/inventory"
)

// rpmInspector reads RPM's database in its three forms and three places.
type rpmInspector struct{}

func (rpmInspector) Name() string { return "rpm" }
func (rpmInspector) Version() int { return 2 }

// rpmFile returns the file's name where the path is in a folder of RPM's database.
func rpmFile(path string) string {
	for _, dir := range [...]string{
		"var/lib/rpm/",
		"usr/lib/sysimage/rpm/", // SUSE, and Fedora 36 on
		"usr/share/rpm/",        // rpm-ostree
	} {
		if name, ok := strings.CutPrefix(path, dir); ok {
			return name
		}
	}
	return ""
}

const (
	rpmWAL       = "rpmdb.sqlite-wal"
	rpmWALHeader = 32 // bytes of a write-ahead log without a frame
)

func (rpmInspector) Wants(f *inspect.File) inspect.Want {
	switch rpmFile(f.Path) {
	case "Packages", "Packages.db", "rpmdb.sqlite":
		return inspect.Whole
	case rpmWAL:
		if f.Size > rpmWALHeader {
			return inspect.Whole
		}
	}
	return inspect.Nothing
}

// errPendingWAL is the error for a write-ahead log beside an SQLite database:
// rpm merges it when it ends in good order.
var errPendingWAL = errors.New("the write-ahead log may hold packages that rpmdb.sqlite beside it does not: " +
	"rebuild the image with `rpm --rebuilddb` or `sqlite3 rpmdb.sqlite 'PRAGMA wal_checkpoint'` as its last step")

func (i rpmInspector) Inspect(ctx context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	if rpmFile(f.Path) == rpmWAL {
		return errPendingWAL
	}
	out.Databases = append(out.Databases, f.Path)
	if len(content) == 0 {
		return fmt.Errorf("%w: it is empty", ErrDamaged)
	}
	c := rpmCollector{strings: interner{}, providers: map[string]string{}}
	err := rpmdb.Read(content, func(h *rpmdb.Header) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return c.add(h)
	})
	c.resolve()
	for n := range c.packages {
		c.packages[n].Path, c.packages[n].Inspector = f.Path, i.Name()
	}
	for n := range c.owned {
		c.owned[n].Database = f.Path
	}
	out.Packages = append(out.Packages, c.packages...)
	out.Owned = append(out.Owned, c.owned...)
	if errors.Is(err, rpmdb.ErrFormat) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	return c.damages.result(&c.limits)
}

// rpmCollector turns headers into packages.
type rpmCollector struct {
	packages  []inventory.Package
	owned     []evidence.Owned
	wants     [][]string
	providers map[string]string
	strings   interner
	limits    limits
	damages

	path   []byte // scratch
	digest digestBuffer
}

func (c *rpmCollector) add(h *rpmdb.Header) error {
	name := text(h.String(rpmdb.TagName))
	if name == "gpg-pubkey" {
		return nil // a key that rpm trusts, kept among the packages
	}
	version, release := text(h.String(rpmdb.TagVersion)), text(h.String(rpmdb.TagRelease))
	if name == "" || version == "" {
		c.damage("package %q has the version %q", name, version)
		return nil
	}
	if err := c.limits.addPackage(); err != nil {
		return err
	}
	pkg := inventory.Package{
		Type:    "rpm",
		Name:    name,
		Version: rpmVersion(rpmEpoch(h), version, release),
		Arch:    c.strings.str(h.String(rpmdb.TagArch)),
		Vendor:  c.strings.str(h.String(rpmdb.TagVendor)),
		Module:  c.strings.str(h.String(rpmdb.TagModularityLabel)),
		Source:  rpmSource(text(h.String(rpmdb.TagSourceRPM)), rpmEpoch(h), version+"-"+release),
	}
	if license := h.String(rpmdb.TagLicense); len(license) > 0 {
		pkg.Licenses = []string{c.strings.str(license)}
	}
	for provided := range h.Strings(rpmdb.TagProvideName) {
		if !c.limits.dependency() {
			break
		}
		if key := c.strings.str(provided); c.providers[key] == "" {
			c.providers[key] = name
		}
	}
	c.packages = append(c.packages, pkg)
	c.wants = append(c.wants, c.requires(h))
	c.own(h, &pkg)
	return nil
}

// requires returns what a package asks for, each once.
func (c *rpmCollector) requires(h *rpmdb.Header) []string {
	var names []string
	for name := range h.Strings(rpmdb.TagRequireName) {
		if len(name) == 0 || bytes.HasPrefix(name, []byte("rpmlib(")) {
			continue // a feature of rpm itself
		}
		if !c.limits.dependency() {
			break
		}
		names = appendNew(names, c.strings.str(name))
	}
	return names
}

// resolve turns what packages ask for ("libc.so.6()(64bit)", "config(bash)",
// "/bin/sh") into the names of the packages that provide it.
func (c *rpmCollector) resolve() {
	for i := range c.packages {
		c.packages[i].DependsOn = resolved(c.packages[i].Name, c.wants[i], c.providers)
	}
}

func (c *rpmCollector) own(h *rpmdb.Header, pkg *inventory.Package) {
	own := evidence.Owned{Type: "rpm", Package: pkg.Name, Version: pkg.Version, Arch: pkg.Arch}
	var files ownedFiles
	size := rpmDigestSize(h)
	for f := range h.Files() {
		if len(f.Dir)+len(f.Name) > maxValue {
			continue
		}
		c.path = append(append(c.path[:0], f.Dir...), f.Name...)
		digest := c.digest.hex(f.Digest)
		if len(digest) != size {
			digest = nil
		}
		files.add(string(bytes.TrimLeft(c.path, "/")), digest, &c.limits)
		if c.limits.err() != nil {
			break
		}
	}
	if files.paths.Len > 0 {
		own.Paths, own.Digests = files.paths, files.digests
		c.owned = append(c.owned, own)
	}
}

// rpmDigestSize is the length in bytes of the digests of a package's files, 0
// where they are of an algorithm that is not compared. Others have the same
// lengths, so that the length alone would not tell (rpm's rpmcrypto.h,
// rpmHashAlgo_e).
func rpmDigestSize(h *rpmdb.Header) int {
	algo := h.Ints(rpmdb.TagFileDigestAlgo)
	if algo.Len() == 0 {
		return md5Size // before rpm 4.6 there was no other
	}
	switch algo.At(0) {
	case 1:
		return md5Size
	case 2:
		return sha1Size
	case 8:
		return sha256Size
	case 9:
		return sha384Size
	case 10:
		return sha512Size
	case 11:
		return sha224Size
	}
	return 0
}

// rpmEpoch returns a header's epoch as written, empty where it has none.
func rpmEpoch(h *rpmdb.Header) string {
	if epoch := h.Ints(rpmdb.TagEpoch); epoch.Len() > 0 {
		return strconv.FormatUint(epoch.At(0), 10)
	}
	return ""
}

// rpmVersion joins epoch, version and release as rpm's %{EVR} does.
func rpmVersion(epoch, version, release string) string {
	evr := version
	if release != "" {
		evr += "-" + release
	}
	if epoch != "" {
		evr = epoch + ":" + evr
	}
	return evr
}

// rpmSource parses a source package's file name, "bash-5.1.8-6.el9.src.rpm".
// The name does not tell its epoch: that of the binary package is the same
// where both have the same version and release, and not known elsewhere.
func rpmSource(file, epoch, binary string) *inventory.Source {
	rest, ok := strings.CutSuffix(file, ".rpm")
	if !ok {
		return nil
	}
	rest = strings.TrimSuffix(strings.TrimSuffix(rest, ".src"), ".nosrc")
	release := strings.LastIndexByte(rest, '-')
	if release <= 0 {
		return nil
	}
	version := strings.LastIndexByte(rest[:release], '-')
	if version <= 0 {
		return nil
	}
	src := &inventory.Source{Name: rest[:version], Version: rest[version+1:]}
	if epoch != "" && src.Version == binary {
		src.Version = epoch + ":" + src.Version
	}
	return src
}

// rpmManifestInspector reads the list of packages that Azure Linux's and
// CBL-Mariner's distroless images have in place of a database.
type rpmManifestInspector struct{}

func (rpmManifestInspector) Name() string { return "rpm-manifest" }
func (rpmManifestInspector) Version() int { return 1 }

func (rpmManifestInspector) Wants(f *inspect.File) inspect.Want {
	if f.Path == "var/lib/rpmmanifest/container-manifest-2" {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Columns of container-manifest-2, the output of rpm's query format that the
// distribution's image tools use; further columns follow.
const (
	manifestName = iota
	manifestVersionRelease
	manifestInstallTime
	manifestBuildTime
	manifestVendor
	manifestEpoch
	manifestSize
	manifestArch
	manifestEpochNumber
	manifestSourceRPM
	manifestColumns
)

func (i rpmManifestInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	out.Databases = append(out.Databases, f.Path)
	var lim limits
	var bad damages
	in := interner{}
	for n := 1; len(content) > 0; n++ {
		var line []byte
		line, content = cutLine(content)
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		column := strings.Split(text(line), "\t")
		if len(column) < manifestColumns || column[manifestName] == "" || column[manifestVersionRelease] == "" {
			bad.damage("line %d has %d columns", n, len(column))
			continue
		}
		if column[manifestName] == "gpg-pubkey" {
			continue
		}
		if err := lim.addPackage(); err != nil {
			return err
		}
		epoch, evr := stated(column[manifestEpoch]), column[manifestVersionRelease]
		out.Packages = append(out.Packages, inventory.Package{
			Type:      "rpm",
			Name:      column[manifestName],
			Version:   rpmVersion(epoch, evr, ""),
			Arch:      in.str([]byte(stated(column[manifestArch]))),
			Vendor:    in.str([]byte(stated(column[manifestVendor]))),
			Source:    rpmSource(stated(column[manifestSourceRPM]), epoch, evr),
			Path:      f.Path,
			Inspector: i.Name(),
		})
	}
	return bad.result(&lim)
}

// stated returns a value of rpm's query output, empty where rpm wrote "(none)".
func stated(value string) string {
	if value == "(none)" {
		return ""
	}
	return value
}
