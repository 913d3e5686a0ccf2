package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// outputs are the files that the programs wrote about one image.
type outputs struct {
	verdict, sbom, syft, grypeImage, grypeSBOM string
}

// runAll runs the programs. The peers' output is kept by the digest of what
// they read, since they take long; Plimsoll always runs.
func runAll(ctx context.Context, opt options, image string) (outputs, error) {
	index, err := os.ReadFile(filepath.Join(image, "index.json"))
	if err != nil {
		return outputs{}, fmt.Errorf("not an OCI layout: %w", err)
	}
	if err := os.MkdirAll(opt.cache, 0o755); err != nil {
		return outputs{}, err
	}
	at := func(of []byte, what string) string {
		sum := sha256.Sum256(of)
		return filepath.Join(opt.cache, hex.EncodeToString(sum[:8])+"-"+what+".json")
	}
	o := outputs{
		verdict: at(index, "plimsoll"), sbom: at(index, "cyclonedx"),
		syft: at(index, "syft"), grypeImage: at(index, "grype"),
	}
	if err := execute(ctx, opt.plimsoll, "scan", "-q", "--no-cache", "-o", "json", "--output", o.verdict,
		"-o", "cyclonedx", "--output", o.sbom, "oci:"+image); err != nil {
		return o, err
	}
	sbom, err := os.ReadFile(o.sbom)
	if err != nil {
		return o, err
	}
	o.grypeSBOM = at(sbom, "grype-sbom")
	for _, peer := range []struct {
		program, file string
		args          []string
	}{
		{opt.syft, o.syft, []string{"scan", "-q", "oci-dir:" + image, "-o", "syft-json=" + o.syft}},
		{opt.grype, o.grypeImage, []string{"-q", "oci-dir:" + image, "-o", "json", "--file", o.grypeImage}},
		{opt.grype, o.grypeSBOM, []string{"-q", "sbom:" + o.sbom, "-o", "json", "--file", o.grypeSBOM}},
	} {
		if info, err := os.Stat(peer.file); err == nil && info.Size() > 0 {
			continue
		}
		if err := execute(ctx, peer.program, peer.args...); err != nil {
			return o, err
		}
	}
	return o, nil
}

// execute runs a program that reads nothing from the network. Exit status 3 is
// Plimsoll's word for a verdict that is incomplete, which still compares.
func execute(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(),
		"SYFT_CHECK_FOR_APP_UPDATE=false", "GRYPE_CHECK_FOR_APP_UPDATE=false",
		"GRYPE_DB_AUTO_UPDATE=false", "GRYPE_DB_VALIDATE_AGE=false")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 3 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, said.String())
	}
	return nil
}

// moduleVersion reads which version of a module a Go program was built from.
func moduleVersion(program, module string) (string, error) {
	file, err := exec.LookPath(program)
	if err != nil {
		return "", err
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", program, err)
	}
	if info.Main.Path == module {
		return info.Main.Version, nil
	}
	for _, d := range info.Deps {
		if d.Path == module {
			return d.Version, nil
		}
	}
	return "unknown", nil
}
