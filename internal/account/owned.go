package account

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

func pull(seq iter.Seq[[]byte]) (next func() ([]byte, bool), stop func()) { return iter.Pull(seq) }

func hasSuffix(s, suffix string) bool { return strings.HasSuffix(s, suffix) }

// owned decides an executable that a package claims. Each owner's word as of
// the executable's own layer counts, and those of later layers, since a record may
// follow the file; an older word of the same owner does not, or an old version
// put back in place would pass.
func (b *book) owned(e *Entry, r *record, i instance) bool {
	if len(r.claims) == 0 {
		return false
	}
	var last *claim // the newest comparable word as of the layer, or the first after it
	var any *claim
	var current []*claim
	newest := map[string]int{}
	for k := range r.claims {
		c := &r.claims[k]
		if c.layer <= i.layer {
			newest[source(c)] = max(newest[source(c)], c.layer)
		}
	}
	for k := range r.claims {
		c := &r.claims[k]
		if c.layer > i.layer || c.layer == newest[source(c)] {
			current = append(current, c)
		}
	}
	for _, c := range current {
		if any == nil || (c.layer <= i.layer && c.layer >= any.layer) {
			any = c
		}
		switch matches(c.digest, i.Executable) {
		case yes:
			b.own(e, c)
			e.Status = Intact
			return true
		case no:
			if last == nil || (c.layer <= i.layer && c.layer >= last.layer) {
				last = c
			}
		}
	}
	if last != nil {
		b.own(e, last)
		e.Status, e.Configuration = Altered, last.configuration
		e.Reason = b.alteredBy(last, i)
		return true
	}
	b.own(e, any)
	e.Status, e.Reason = Unverified, "its package keeps no digest of it"
	return true
}

// publishers finds the owners of the watched files.
func (b *book) publishers() Publishers {
	found := Publishers{}
	for _, w := range b.Watch {
		r := b.at[b.links.Resolve(w.Path)]
		if r == nil {
			continue
		}
		owner := b.publisher(r, w)
		if owner != "" {
			found[w] = owner
		}
	}
	return found
}

func (b *book) publisher(r *record, w Watched) string {
	for _, i := range r.instances {
		if i.layer != w.Layer {
			continue
		}
		var e Entry
		if b.owned(&e, r, i) && e.Status == Intact && isDistribution(e.OwnerType) {
			return e.Owner
		}
		return ""
	}
	for k := range r.claims {
		if c := &r.claims[k]; c.layer == w.Layer && isDistribution(c.list.Type) && !c.configuration {
			var e Entry
			b.own(&e, c)
			return e.Owner
		}
	}
	return ""
}

// isDistribution reports whether a type of packages is published by distributions.
func isDistribution(typ string) bool {
	return (&inventory.Package{Type: typ}).IsOS()
}

// source is who says something: one list of one package.
func source(c *claim) string {
	return c.list.Type + "\x00" + c.list.Package + "\x00" + c.list.Arch + "\x00" + path.Base(c.list.Database)
}

// alteredBy says which step changed a file.
func (b *book) alteredBy(c *claim, i instance) string {
	switch {
	case i.layer > c.layer:
		return "rewritten by " + by(b.Refs[i.layer]) + " after " + by(b.Refs[c.layer]) + " had installed its package"
	case i.layer < c.layer:
		return "older than its package's record in " + by(b.Refs[c.layer])
	}
	return "differs from its package's record in the layer that installed it, " + by(b.Refs[i.layer])
}

// by names a layer for people.
func by(r inventory.LayerRef) string {
	if r.CreatedBy == "" {
		return fmt.Sprintf("layer %d", r.Index)
	}
	line := []rune(r.CreatedBy)
	if len(line) > 72 {
		line = append(line[:71], '…')
	}
	return fmt.Sprintf("layer %d (%s)", r.Index, string(line))
}

func (b *book) own(e *Entry, c *claim) {
	e.OwnerType = c.list.Type
	version := c.list.Version
	if p := b.named[c.list.Type+"\x00"+c.list.Package]; p != nil {
		version = p.Version
	}
	e.Owner = strings.TrimSpace(c.list.Package + " " + version)
}

type answer int

const (
	unknown answer = iota
	yes
	no
)

// matches compares an owner's digest with that of the same algorithm.
func matches(digest []byte, e *evidence.Executable) answer {
	var own []byte
	switch len(digest) {
	case 16:
		own = e.MD5
	case 20:
		own = e.SHA1
	case 32:
		own = e.SHA256
	}
	switch {
	case len(own) == 0:
		return unknown
	case bytes.Equal(own, digest):
		return yes
	}
	return no
}

// maintainerScript names the package whose script of dpkg's a path is: dpkg runs
// them, lists them nowhere and keeps no digest (dpkg(1), "Files", the info folder).
func maintainerScript(file string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(file, "var/lib/dpkg/info/")
	if !ok || strings.Contains(rest, "/") {
		return "", false
	}
	i := strings.LastIndexByte(rest, '.')
	if i <= 0 || !maintainerScripts[rest[i+1:]] {
		return "", false
	}
	name, _, _ = strings.Cut(rest[:i], ":")
	return name, true
}

var maintainerScripts = words("preinst postinst prerm postrm config")

// generated decides what is made from other files of the image.
func (b *book) generated(e *Entry, resolved string, i instance) bool {
	if i.Kind != evidence.Bytecode {
		return false
	}
	if src := sourceOf(resolved); src != "" && b.sourcesOfBytecode[src] {
		e.Status, e.Reason = Generated, "bytecode of "+path.Base(src)+" beside it"
		return true
	}
	return false
}

// sourceOf is the source of a bytecode file (PEP 3147): __pycache__/x.cpython-311.pyc
// is made from x.py, and x.pyc, as Python 2 had it, too.
func sourceOf(bytecode string) string {
	dir, name := path.Split(bytecode)
	dir = strings.TrimSuffix(dir, "/")
	stem := strings.TrimSuffix(name, ".pyc")
	if path.Base(dir) == "__pycache__" {
		dir = path.Dir(dir)
		module, tag, ok := strings.Cut(stem, ".")
		if !ok || tag == "" {
			return ""
		}
		stem = module
	}
	return strings.TrimPrefix(dir+"/"+stem+".py", "./")
}

// sources finds the sources of bytecode, and counts the links of alternatives.
func (b *book) sources() {
	wanted := map[string]bool{}
	for p, r := range b.at {
		for _, i := range r.instances {
			if i.Kind == evidence.Bytecode {
				if src := sourceOf(p); src != "" {
					wanted[src] = false
				}
			}
		}
	}
	alternatives := map[string]bool{}
	for _, l := range b.Layers {
		for e := range l.Files.All() {
			switch e.Type {
			case evidence.Regular, evidence.Hardlink, evidence.Symlink:
				if bytes.HasPrefix(e.Link, []byte("/etc/alternatives/")) && e.Type == evidence.Symlink {
					alternatives[string(e.Path)] = true
				}
				if len(wanted) > 0 && bytes.HasSuffix(e.Path, []byte(".py")) {
					if p := b.links.Resolve(string(e.Path)); has(wanted, p) {
						wanted[p] = true
					}
				}
			}
		}
	}
	b.sourcesOfBytecode, b.alternatives = wanted, len(alternatives)
}

func has(m map[string]bool, key string) bool { _, ok := m[key]; return ok }

// LSMode writes a mode as ls does (POSIX.1-2017, ls, "Long format").
func LSMode(m fs.FileMode) string {
	b := []byte(m.Perm().String())
	for _, special := range []struct {
		bit  fs.FileMode
		at   int
		mark byte
	}{{fs.ModeSetuid, 3, 's'}, {fs.ModeSetgid, 6, 's'}, {fs.ModeSticky, 9, 't'}} {
		switch {
		case m&special.bit == 0:
		case b[special.at] == 'x':
			b[special.at] = special.mark
		default:
			b[special.at] = special.mark - 'a' + 'A'
		}
	}
	return string(b)
}

// capabilityNames are Linux's by number (include/uapi/linux/capability.h).
var capabilityNames = [...]string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
	"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
	"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
	"checkpoint_restore",
}

// capabilities reads security.capability (struct vfs_cap_data of the same
// header): a word of revision and flags, then permitted and inheritable sets.
func capabilities(raw []byte) string {
	if len(raw) < 12 {
		return ""
	}
	le := binary.LittleEndian
	permitted := uint64(le.Uint32(raw[4:]))
	if len(raw) >= 20 {
		permitted |= uint64(le.Uint32(raw[12:])) << 32
	}
	var names []string
	for i, name := range capabilityNames {
		if permitted>>i&1 != 0 {
			names = append(names, "cap_"+name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	flags := "=p"
	if le.Uint32(raw)&1 != 0 {
		flags = "=ep"
	}
	return strings.Join(names, ",") + flags
}

// unowned decides what no package, runtime or source explains.
func (b *book) unowned(e *Entry, i instance) {
	ref := b.Refs[i.layer]
	kind := lineOf(ref.CreatedBy)
	switch {
	case ref.CreatedBy == "":
		e.Status, e.Reason = Unaccounted, "no package owns it, and history does not tell of its layer"
	case kind == installs:
		e.Status, e.Reason = Unaccounted, "no package owns it, and "+by(ref)+" only installs packages"
	case i.layer == 0 && kind == rootFS:
		e.Status, e.Reason = Unaccounted, "no package owns it; it came with the base's root file system"
	case i.layer < b.Base:
		e.Status, e.Reason = Built, "added by the base's "+by(ref)
	default:
		e.Status, e.Reason = Built, "added by "+by(ref)
	}
}
