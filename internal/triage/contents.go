package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
)

// Evidence is what a finding about a file's content rests on.
type Evidence struct {
	// Rule is the identifier of the rule or detector.
	Rule       string            `json:"rule"`
	Confidence secret.Confidence `json:"confidence"`
	// Inside is where in an archive; Line counts from 1, 0 where there are none;
	// Offset counts bytes from 0 within the innermost file.
	Inside string `json:"inside,omitempty"`
	Line   int    `json:"line,omitempty"`
	Offset int64  `json:"offset"`
	// Name names a secret's value; Redacted stands for it; Encoding is how it was wrapped.
	Name     string `json:"name,omitempty"`
	Redacted string `json:"redacted,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	// Certificate is the path of the certificate that a private key belongs to.
	Certificate string `json:"certificate,omitempty"`
	// PublishedBy is the package of a distribution that the file came with as it
	// is: what it holds is known to everybody.
	PublishedBy string `json:"publishedBy,omitempty"`
	// Value is equal for equal secrets, wherever they stand.
	Value string `json:"value,omitempty"`
	// Verified is what the provider said of it, where it was asked.
	Verified string `json:"verified,omitempty"`
	// Detail, Excerpt and Rationale are of planted code; Techniques are
	// identifiers of MITRE ATT&CK.
	Detail     string   `json:"detail,omitempty"`
	Excerpt    string   `json:"excerpt,omitempty"`
	Rationale  string   `json:"rationale,omitempty"`
	Techniques []string `json:"techniques,omitempty"`
	// By is the layer that overwrote or deleted the file.
	By *inventory.LayerRef `json:"by,omitempty"`
	// Also lists other places of the same thing: the history line beside the
	// variable that it set, a lower layer's copy of the file.
	Also []string `json:"also,omitempty"`
}

// Secrets turns secrets into findings. The copies of one file in several layers
// are one finding, told of the copy that is nearest to the final image.
func Secrets(secrets []evidence.PlacedSecret, owners account.Publishers) []Finding {
	var findings []Finding
	index := map[string]int{}
	inConfig := map[string]int{}
	for _, s := range slices.SortedStableFunc(slices.Values(secrets), nearest) {
		id := SecretID(&s.Secret)
		if at, again := index[id]; again {
			noteAlso(&findings[at], s.Place, s.Path)
			continue
		}
		if s.Place.Liveness == inventory.InConfig {
			// ENV and the history line that set it hold the same value.
			value := Fingerprint(s.Rule, s.Redacted, fmt.Sprint(s.Mark))
			if at, again := inConfig[value]; again {
				noteAlso(&findings[at], s.Place, s.Path)
				continue
			}
			inConfig[value] = len(findings)
		}
		publisher := owners.Of(s.Path, s.Place.Layer.Index)
		if publisher != "" {
			s.Confidence = secret.Possible
		}
		f := Finding{
			ID: id, Kind: Secret, Title: s.Title, Severity: secretSeverity(&s), Path: s.Path,
			Liveness: s.Place.Liveness, Origin: s.Place.Layer, Agreed: true,
			Evidence: &Evidence{
				Rule: s.Rule, Confidence: s.Confidence, Inside: s.Inside, Line: s.Line, Offset: s.Offset, Name: s.Name,
				Redacted: s.Redacted, Encoding: s.Encoding, Certificate: s.Certificate, By: s.Place.By,
				PublishedBy: publisher, Value: Fingerprint(s.Rule, s.Redacted, fmt.Sprint(s.Mark)),
			},
		}
		f.Disposition = disposeOf(&f)
		index[id] = len(findings)
		findings = append(findings, f)
	}
	return findings
}

// SecretID is the identifier of a secret's finding. It does not depend on the
// layer, the line, or anything else that another build changes.
func SecretID(s *secret.Secret) string {
	return Fingerprint(string(Secret), s.Rule, s.Path, s.Inside, s.Name, fmt.Sprint(s.Mark))
}

// Verified takes in what a provider said of a secret: one that works is certain,
// and grave whatever its kind; one that is refused asks for nothing urgent.
func (f *Finding) Verified(words string, works, refused bool) {
	f.Evidence.Verified = words
	switch {
	case works:
		f.Evidence.Confidence = secret.Certain
		f.Severity = max(f.Severity, advisory.High)
	case refused:
		f.Severity = min(f.Severity, advisory.Low)
	}
	f.Disposition = disposeOf(f)
}

// liveOrder is nearest to the final image first.
var liveOrder = []inventory.Liveness{inventory.InConfig, inventory.Visible, inventory.Shadowed, inventory.Deleted}

// nearest orders copies: of the configuration the environment before history,
// of files the visible one before others.
func nearest(a, b evidence.PlacedSecret) int {
	return cmp.Or(
		cmp.Compare(slices.Index(liveOrder, a.Place.Liveness), slices.Index(liveOrder, b.Place.Liveness)),
		boolFirst(!strings.HasPrefix(a.Path, "history."), !strings.HasPrefix(b.Path, "history.")),
		cmp.Compare(b.Place.Layer.Index, a.Place.Layer.Index),
	)
}

func noteAlso(f *Finding, p evidence.Place, path string) {
	if len(f.Evidence.Also) >= maxAlso {
		return
	}
	if p.Liveness == inventory.InConfig || p.Layer.Index < 0 {
		f.Evidence.Also = append(f.Evidence.Also, path)
		return
	}
	f.Evidence.Also = append(f.Evidence.Also, fmt.Sprintf("%s in layer %d", p.Liveness, p.Layer.Index))
}

// secretSeverity lowers what a rule says of its kind: what a later layer removed
// still ships in every pull, but no running container shows it; and a mere
// look-alike is for a person to look at.
func secretSeverity(s *evidence.PlacedSecret) advisory.Severity {
	severity := s.Severity
	if s.Place.Liveness == inventory.Shadowed || s.Place.Liveness == inventory.Deleted {
		severity = min(severity, advisory.High)
	}
	if s.Confidence == secret.Possible {
		severity = min(severity, advisory.Low)
	}
	return severity
}

// disposeOf is the rule of fixability for content: it can always be taken out,
// so what is likely and grave asks for a rebuild, and the rest for a look.
func disposeOf(f *Finding) Disposition {
	if f.Evidence.Confidence >= secret.Likely && f.Severity >= advisory.High {
		return Rebuild
	}
	return Defer
}

// Planted turns planted code into findings.
func Planted(code []evidence.PlacedCode, owners account.Publishers) []Finding {
	var findings []Finding
	index := map[string]int{}
	for _, p := range slices.SortedStableFunc(slices.Values(code), func(a, b evidence.PlacedCode) int {
		return cmp.Compare(slices.Index(liveOrder, a.Place.Liveness), slices.Index(liveOrder, b.Place.Liveness))
	}) {
		id := Fingerprint(string(Malware), p.Detector, p.Path, p.Inside, p.Detail)
		if at, again := index[id]; again {
			if e := findings[at].Evidence; p.Place.Layer.Index != findings[at].Origin.Index {
				noteAlso(&findings[at], p.Place, p.Path)
			} else if len(e.Also) < maxAlso && p.Line > 0 {
				e.Also = append(e.Also, fmt.Sprintf("line %d", p.Line))
			}
			continue
		}
		f := Finding{
			ID: id, Kind: Malware, Title: p.Title, Severity: p.Severity, Path: p.Path,
			Liveness: p.Place.Liveness, Origin: p.Place.Layer, Agreed: true,
			Evidence: &Evidence{
				Rule: p.Detector, Confidence: p.Confidence, Inside: p.Inside, Line: p.Line, Offset: p.Offset,
				Detail: p.Detail, Excerpt: p.Excerpt, Rationale: p.Rationale, Techniques: p.Techniques, By: p.Place.By,
			},
		}
		// Who plants code can write a package's record for it, so that this is said
		// and lowers nothing.
		f.Evidence.PublishedBy = owners.Of(p.Path, p.Place.Layer.Index)
		if f.Evidence.Confidence == secret.Possible {
			f.Severity = min(f.Severity, advisory.Medium)
		}
		f.Disposition = disposeOf(&f)
		index[id] = len(findings)
		findings = append(findings, f)
	}
	return findings
}

// maxAlso bounds the further places of one finding.
const maxAlso = 20

// Altered turns the executables that differ from their package's record into
// findings (T1554, compromise of host software binaries). A script that its
// package means to be edited is none.
func Altered(a *account.Account) []Finding {
	var findings []Finding
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Status != account.Altered || e.Configuration || e.Liveness != inventory.Visible {
			continue
		}
		f := Finding{
			ID: Fingerprint(string(Provenance), "altered", e.Path, e.OwnerType, e.Owner), Kind: Provenance,
			Title: "Executable differs from its package's own record", Severity: advisory.High, Path: e.Path,
			Package: e.Owner, Liveness: e.Liveness, Origin: e.Layer, Agreed: true,
			Evidence: &Evidence{
				Rule: "altered-executable", Confidence: secret.Certain, Detail: e.Reason, Techniques: []string{"T1554"},
				Rationale: "The package manager recorded the digest of the file that it installed; this one is another. Either a build step rewrites it, or somebody did.",
			},
		}
		f.Disposition = disposeOf(&f)
		findings = append(findings, f)
	}
	return findings
}

// contentAction is the kind of change that takes a finding about content out of
// the image, and the file, or place of the configuration, that it is about.
func contentAction(f *Finding) (kind ActionKind, place string) {
	switch f.Kind {
	case Secret:
		return RotateSecret, f.Path
	case Malware:
		return RemoveCode, f.Path
	}
	return Reinstall, f.Path
}
