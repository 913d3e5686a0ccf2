package lab

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// GatePair are two stand-ins of one image for the rehearsal of a gate.
type GatePair struct {
	// Bad is Debian 12.2 as of October 2023, with what has been fixed since, run as
	// root; Fixed is the same system rebuilt with the fixes and a user of its own. Both
	// hold vulnerabilities without a fix. The values are folders of OCI layouts.
	Bad, Fixed string
}

// BuildGatePair writes the two images below dir. The databases that judge them are
// those of Build.
func BuildGatePair(dir string) (GatePair, error) {
	pair := GatePair{filepath.Join(dir, "bad"), filepath.Join(dir, "fixed")}
	for _, r := range []recipe{gateBad(), gateFixed()} {
		if err := writeLayout(filepath.Join(dir, r.folder), r); err != nil {
			return pair, fmt.Errorf("build the stand-in of %s: %w", r.name, err)
		}
	}
	return pair, nil
}

func gateBad() recipe {
	return gateRecipe("bad", "12.2", "python-packages.tsv", time.Date(2023, time.October, 16, 0, 0, 0, 0, time.UTC), nil, "")
}

// gateFixed takes Debian 12.6's packages, and of perl the release that fixes
// CVE-2023-31484 (data/trivy-debian.tsv), which 12.6 did not have yet.
func gateFixed() recipe {
	return gateRecipe("fixed", "12.6", "python-rebuilt-packages.tsv", time.Date(2024, time.July, 10, 0, 0, 0, 0, time.UTC),
		map[string]string{"perl-base": "5.36.0-7+deb12u3"}, "65532")
}

func gateRecipe(folder, point, packages string, built time.Time, versions map[string]string, user string) recipe {
	debian := sync.OnceValues(func() (*debianSystem, error) {
		s, err := loadDebian(debianRelease{"12", "bookworm", point, true}, packages, "python-files.tsv")
		if err != nil {
			return nil, err
		}
		kept := s.packages[:0]
		for _, p := range s.packages {
			if p.Layer != 0 {
				continue
			}
			if v, ok := versions[p.Name]; ok {
				p.Version, p.SourceVersion = v, v
			}
			kept = append(kept, p)
		}
		s.packages = kept
		return s, nil
	})
	h := history{at: built}
	rootfs := layerOf(debian, (*debianSystem).rootfs)
	r := recipe{
		name: "lab/gate-" + folder, folder: folder, created: built,
		title:  "Debian " + point + ", the " + folder + " image of a gate's rehearsal",
		config: v1.Config{Env: []string{casePath}, Cmd: []string{"/usr/bin/perl"}, User: user},
		steps:  []step{h.add("ADD file:"+contentDigest(rootfs)+" in /", rootfs)},
	}
	if user != "" {
		r.steps = append(r.steps, h.set("USER "+user))
	}
	r.steps = append(r.steps, h.set(`CMD ["/usr/bin/perl"]`))
	return r
}
