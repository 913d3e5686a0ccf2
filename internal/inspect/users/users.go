// Package users owns the inspector of the files of accounts and groups: which
// identifiers several of them share, and which accounts need no password.
//
// It records names alone. What stands in the field of a password leaves it nowhere.
package users

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// Inspector reads etc/passwd and etc/group.
type Inspector struct{}

func (Inspector) Name() string { return "users" }
func (Inspector) Version() int { return 1 }

const (
	passwd = "etc/passwd"
	group  = "etc/group"
)

func (Inspector) Wants(f *inspect.File) inspect.Want {
	if f.Path == passwd || f.Path == group {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Bounds of one file. Beyond maxSize it is not read on; of shared identifiers, names
// that share one, and accounts without a password these many are recorded.
const (
	maxSize   = 1 << 20
	maxListed = 100
	maxNames  = 16
	// maxName is what useradd(8) allows for a name, and some.
	maxName = 64
)

func (Inspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	var err error
	if len(content) > maxSize {
		err = fmt.Errorf("it lists accounts in %d bytes, more than %d", len(content), maxSize)
		content = content[:maxSize]
	}
	if u := read(f.Path, content); len(u.Shared)+len(u.Passwordless) > 0 {
		out.Users = append(out.Users, u)
	}
	return err
}

// read parses passwd(5) or group(5): in both the name comes first, then the password,
// then the identifier.
func read(path string, content []byte) evidence.UserFile {
	u := evidence.UserFile{Path: path}
	names := map[uint32][]string{}
	var order []uint32
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		// Lines that begin with + or - ask NIS (nsswitch.conf(5), "compat").
		if len(fields) < 3 || fields[0] == "" || strings.ContainsAny(fields[0][:1], "#+-") || len(fields[0]) > maxName {
			continue
		}
		name := strings.ToValidUTF8(fields[0], "�")
		if path == passwd && fields[1] == "" && len(fields) >= 7 {
			if len(u.Passwordless) < maxListed {
				u.Passwordless = append(u.Passwordless, name)
			} else {
				u.More = true
			}
		}
		id, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil {
			continue
		}
		switch known := names[uint32(id)]; {
		case slices.Contains(known, name):
			// The same line twice is one account: the first one counts.
		case len(known) < maxNames:
			if len(known) == 1 {
				order = append(order, uint32(id))
			}
			names[uint32(id)] = append(known, name)
		default:
			u.More = true
		}
	}
	for _, id := range order {
		if len(u.Shared) == maxListed {
			u.More = true
			break
		}
		u.Shared = append(u.Shared, evidence.SharedID{ID: id, Names: names[id]})
	}
	return u
}
