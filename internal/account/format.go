package account

import (
	"encoding/binary"
	"io/fs"
	"slices"
	"strings"
)

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
