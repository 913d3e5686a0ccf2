// Package runtimes finds language runtimes, servers and tools that were
// installed outside any package manager, as official images do it: it reads the
// version out of the bytes of the executable or library itself, or out of a
// small file that the product installs beside it (the JVM's "release").
//
// What it knows is data: the rows of the table_*.go files, each with the paths
// it looks at, the byte patterns that carry the version, the package and CPEs it
// stands for, where the pattern is documented, and samples that are its test.
//
// It looks at one file at a time and does not know who installed it:
//
//   - Debian's own /usr/bin/python3.11 is found as well. The merge of layers
//     drops or marks a runtime whose path an OS package owns.
//   - One runtime shows in several files (python3.11 and libpython3.11.so). Each
//     gives a package of the same type, namespace, name and version with its own
//     path; the merge makes them one.
package runtimes

import (
	"bytes"
	"context"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// Name is the inspector's name, and Package.Inspector of what it finds.
const Name = "runtimes"

// version rises with every change of the table or of the matching.
const version = 2

// maxRelease is the size above which a file named "release" is not a JVM's;
// those with the longest module lists have about 2 KiB.
const maxRelease = 512 << 10

type inspector struct {
	index pathIndex
}

// Inspector returns the inspector. It streams executables and libraries, and
// takes the JVM's release file whole.
func Inspector() inspect.Inspector {
	return &inspector{index: newPathIndex(table())}
}

func (*inspector) Name() string { return Name }

func (*inspector) Version() int { return version }

// Wants answers from the path alone: no row matches nearly every file.
func (in *inspector) Wants(f *inspect.File) inspect.Want {
	if isJVMRelease(f.Path) {
		if f.Size > maxRelease {
			return inspect.Nothing
		}
		return inspect.Whole
	}
	if in.index.matches(f.Path) {
		return inspect.Stream
	}
	return inspect.Nothing
}

// Inspect reads a JVM's release file.
func (*inspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	if !isJVMRelease(f.Path) || bytes.IndexByte(content, 0) >= 0 {
		return nil
	}
	if pkg, ok := parseJVMRelease(f.Path, content); ok {
		out.Packages = append(out.Packages, pkg)
	}
	return nil
}

// Open returns a sink that hunts for the versions of every row whose path matches.
func (in *inspector) Open(_ context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	return newHunt(f.Path, f.Size, in.index.lookup(f.Path), out)
}
