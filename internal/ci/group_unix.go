//go:build unix

package ci

import (
	"os/exec"
	"syscall"
)

// ownGroup ends what a step leaves behind together with it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
