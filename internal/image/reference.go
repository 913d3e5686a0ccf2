package image

import (
	"fmt"
	"os"
	"strings"
)

// targetKind says where an argument leads.
type targetKind int

const (
	// plainTarget is a name without a prefix: the local engines, then the registry.
	plainTarget targetKind = iota
	registryTarget
	dockerTarget
	podmanTarget
	archiveTarget
	stdinTarget
)

// target is a parsed argument.
type target struct {
	kind targetKind
	// name is the image's name for registries and engines.
	name string
	// archive is set for archives and standard input, and for a plain name
	// that is a file or folder as well (archive.sniffed).
	archive archiveSource
}

// parseTarget understands what Open lists.
func parseTarget(arg string) (target, error) {
	switch {
	case strings.TrimSpace(arg) == "":
		return target{}, fmt.Errorf("%w: it is empty", ErrReference)
	case arg == "-", strings.HasPrefix(arg, "-:"), strings.HasPrefix(arg, "-@"):
		return target{kind: stdinTarget, archive: archiveSource{path: "-", selector: selectorIn(arg[1:])}}, nil
	case strings.HasPrefix(arg, "docker://"):
		return target{kind: registryTarget, name: strings.TrimPrefix(arg, "docker://")}, nil
	}
	for _, p := range []struct {
		prefix string
		kind   targetKind
		form   form
	}{
		{"docker:", dockerTarget, anyForm},
		{"docker-daemon:", dockerTarget, anyForm},
		{"podman:", podmanTarget, anyForm},
		{"docker-archive:", archiveTarget, dockerForm},
		{"oci:", archiveTarget, ociForm},
		{"oci-layout:", archiveTarget, ociForm},
		{"oci-archive:", archiveTarget, ociForm},
		{"dir:", archiveTarget, dirForm},
	} {
		rest, ok := strings.CutPrefix(arg, p.prefix)
		switch {
		case !ok:
			continue
		case rest == "":
			return target{}, fmt.Errorf("%w: nothing after %q", ErrReference, p.prefix)
		case p.kind == archiveTarget:
			path, selector := splitPath(rest)
			return target{kind: archiveTarget, archive: archiveSource{path: path, selector: selector, form: p.form}}, nil
		}
		return target{kind: p.kind, name: rest}, nil
	}
	path, selector := splitPath(arg)
	src := archiveSource{path: path, selector: selector, sniffed: !looksLikePath(path)}
	if !src.sniffed {
		return target{kind: archiveTarget, archive: src}, nil
	}
	if !exists(path) {
		src = archiveSource{}
	}
	return target{kind: plainTarget, name: arg, archive: src}, nil
}

// splitPath cuts "PATH:NAME:TAG@DIGEST" after the longest part that exists, so
// that a colon in a path (a Windows drive) is no trouble. Where nothing exists
// all of it is the path.
func splitPath(s string) (path, selector string) {
	for end := len(s); end > 0; end = strings.LastIndexAny(s[:end], ":@") {
		if exists(s[:end]) {
			return s[:end], selectorIn(s[end:])
		}
	}
	return s, ""
}

// selectorIn returns the selector behind a path: "name:tag" or "@digest".
func selectorIn(s string) string {
	if i := strings.LastIndex(s, "@sha"); i >= 0 {
		return s[i:]
	}
	return strings.TrimPrefix(s, ":")
}

// looksLikePath reports whether an argument can only mean a path: image names
// neither begin with a dot or a slash nor end like an archive.
func looksLikePath(s string) bool {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "~") || strings.Contains(s, `\`) || strings.HasSuffix(s, "/") {
		return true
	}
	for _, suffix := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.zstd", ".oci"} {
		if strings.HasSuffix(s, suffix) {
			return true
		}
	}
	return false
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
