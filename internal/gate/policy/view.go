package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// The types below are what expressions see. Their names are those of
// docs/verdict.schema.json, and they are a promise of their own: the verdict's
// types may change without any policy noticing. Severities and confidences are
// numbers that the constants of the language name. What is not known is empty,
// 0 or false, never an error.

// FindingView is a finding as expressions see it.
type FindingView struct {
	ID            string       `cel:"id"`
	Kind          string       `cel:"kind"`
	Vulnerability string       `cel:"vulnerability"`
	Aliases       []string     `cel:"aliases"`
	Title         string       `cel:"title"`
	Severity      int          `cel:"severity"`
	Disposition   string       `cel:"disposition"`
	Fixable       bool         `cel:"fixable"`
	Fix           FixView      `cel:"fix"`
	Package       string       `cel:"package"`
	PackageType   string       `cel:"packageType"`
	Version       string       `cel:"version"`
	Path          string       `cel:"path"`
	Liveness      string       `cel:"liveness"`
	Origin        OriginView   `cel:"origin"`
	CVSS          CVSSView     `cel:"cvss"`
	EPSS          EPSSView     `cel:"epss"`
	Exploited     bool         `cel:"exploited"`
	KEV           KEVView      `cel:"kev"`
	HeldBy        []string     `cel:"heldBy"`
	Agreed        bool         `cel:"agreed"`
	Evidence      EvidenceView `cel:"evidence"`
}

// FixView is what would clear a finding.
type FixView struct {
	State    string   `cel:"state"`
	Versions []string `cel:"versions"`
	Since    string   `cel:"since"`
}

// OriginView is the layer that something came with.
type OriginView struct {
	Index     int    `cel:"index"`
	CreatedBy string `cel:"createdBy"`
	// Base is set for a layer of the image's base.
	Base bool `cel:"base"`
}

// CVSSView is a score.
type CVSSView struct {
	Score   float64 `cel:"score"`
	Vector  string  `cel:"vector"`
	Version string  `cel:"version"`
}

// EPSSView is an estimate of exploitation.
type EPSSView struct {
	Probability float64 `cel:"probability"`
	Percentile  float64 `cel:"percentile"`
}

// KEVView is an entry of the catalogue of known exploited vulnerabilities.
type KEVView struct {
	DateAdded  string `cel:"dateAdded"`
	DueDate    string `cel:"dueDate"`
	Ransomware bool   `cel:"ransomware"`
}

// EvidenceView is what a finding about content rests on.
type EvidenceView struct {
	Rule        string   `cel:"rule"`
	Confidence  int      `cel:"confidence"`
	Name        string   `cel:"name"`
	Detail      string   `cel:"detail"`
	Inside      string   `cel:"inside"`
	Line        int      `cel:"line"`
	PublishedBy string   `cel:"publishedBy"`
	Verified    string   `cel:"verified"`
	Techniques  []string `cel:"techniques"`
}

// ActionView is an action.
type ActionView struct {
	ID      string   `cel:"id"`
	Kind    string   `cel:"kind"`
	Title   string   `cel:"title"`
	Detail  string   `cel:"detail"`
	Package string   `cel:"package"`
	From    string   `cel:"from"`
	To      string   `cel:"to"`
	Clears  []string `cel:"clears"`
	Urgent  int      `cel:"urgent"`
}

// HygieneView is a finding about the configuration or history.
type HygieneView struct {
	ID       string `cel:"id"`
	Rule     string `cel:"rule"`
	Title    string `cel:"title"`
	Severity int    `cel:"severity"`
	Category string `cel:"category"`
	Message  string `cel:"message"`
	Remedy   string `cel:"remedy"`
	Where    string `cel:"where"`
	Base     bool   `cel:"base"`
}

// DockerfileView is a finding about the Dockerfile.
type DockerfileView struct {
	ID          string `cel:"id"`
	Rule        string `cel:"rule"`
	Title       string `cel:"title"`
	Severity    int    `cel:"severity"`
	Category    string `cel:"category"`
	Message     string `cel:"message"`
	Remedy      string `cel:"remedy"`
	File        string `cel:"file"`
	Line        int    `cel:"line"`
	Instruction string `cel:"instruction"`
	Stage       string `cel:"stage"`
	Final       bool   `cel:"final"`
}

// ExecutableView is an executable of the account.
type ExecutableView struct {
	Path          string     `cel:"path"`
	Kind          string     `cel:"kind"`
	Mode          string     `cel:"mode"`
	UID           int        `cel:"uid"`
	Size          int64      `cel:"size"`
	SHA256        string     `cel:"sha256"`
	Status        string     `cel:"status"`
	Owner         string     `cel:"owner"`
	OwnerType     string     `cel:"ownerType"`
	Reason        string     `cel:"reason"`
	Configuration bool       `cel:"configuration"`
	Capabilities  string     `cel:"capabilities"`
	Setuid        bool       `cel:"setuid"`
	Setgid        bool       `cel:"setgid"`
	Liveness      string     `cel:"liveness"`
	Layer         OriginView `cel:"layer"`
	Risk          int        `cel:"risk"`
	Risks         []string   `cel:"risks"`
}

// PackageView is a package.
type PackageView struct {
	Type      string     `cel:"type"`
	Namespace string     `cel:"namespace"`
	Name      string     `cel:"name"`
	FullName  string     `cel:"fullName"`
	Version   string     `cel:"version"`
	Arch      string     `cel:"arch"`
	PURL      string     `cel:"purl"`
	Vendor    string     `cel:"vendor"`
	Licenses  []string   `cel:"licenses"`
	Path      string     `cel:"path"`
	Liveness  string     `cel:"liveness"`
	Origin    OriginView `cel:"origin"`
}

// ImageView is the image as a whole.
type ImageView struct {
	Reference    string           `cel:"reference"`
	Name         string           `cel:"name"`
	Source       string           `cel:"source"`
	Digest       string           `cel:"digest"`
	Platform     string           `cel:"platform"`
	Created      time.Time        `cel:"created"`
	Distribution DistributionView `cel:"distribution"`
	Base         BaseView         `cel:"base"`
	Layers       int              `cel:"layers"`
	Size         int64            `cel:"size"`
}

// DistributionView is what os-release says.
type DistributionView struct {
	ID              string `cel:"id"`
	VersionID       string `cel:"versionID"`
	VersionCodename string `cel:"versionCodename"`
	PrettyName      string `cel:"prettyName"`
}

// BaseView is what is known of the image's base.
type BaseView struct {
	Name   string `cel:"name"`
	Layers int    `cel:"layers"`
}

// viewer makes views of one verdict's parts.
type viewer struct{ base int }

func (x viewer) origin(r inventory.LayerRef) OriginView {
	return OriginView{Index: r.Index, CreatedBy: r.CreatedBy, Base: r.Index >= 0 && r.Index < x.base}
}

func (x viewer) finding(f *triage.Finding, o *opinion, types map[string]string) FindingView {
	severity, state := o.of(f)
	disposition := f.Disposition
	if f.Kind == triage.Vulnerability && disposition != triage.Accepted {
		disposition = triage.Dispose(severity, state)
	}
	v := FindingView{
		ID: f.ID, Kind: string(f.Kind), Vulnerability: f.Vulnerability, Aliases: f.Aliases, Title: f.Title,
		Severity: int(severity), Disposition: string(disposition), Fixable: state == advisory.Fixed,
		Fix:     FixView{State: cmp.Or(string(state), string(advisory.FixUnknown)), Versions: f.Fix.Versions, Since: f.Fix.Since},
		Package: f.Package, PackageType: types[f.PackageID], Version: f.Version, Path: f.Path, Liveness: string(f.Liveness), Origin: x.origin(f.Origin),
		HeldBy: f.HeldBy, Agreed: f.Agreed,
	}
	if f.CVSS != nil {
		v.CVSS = CVSSView{f.CVSS.Score, f.CVSS.Vector, f.CVSS.Version}
	}
	if f.EPSS != nil {
		v.EPSS = EPSSView{f.EPSS.Probability, f.EPSS.Percentile}
	}
	if f.KEV != nil {
		v.Exploited, v.KEV = true, KEVView{f.KEV.DateAdded, f.KEV.DueDate, f.KEV.Ransomware}
	}
	if e := f.Evidence; e != nil {
		v.Evidence = EvidenceView{e.Rule, int(e.Confidence), e.Name, e.Detail, e.Inside, e.Line, e.PublishedBy, e.Verified, e.Techniques}
	}
	return v
}

func actionView(a *triage.Action) ActionView {
	return ActionView{a.ID, string(a.Kind), a.Title, a.Detail, a.Package, a.From, a.To, a.Clears, a.Urgent}
}

func hygieneView(h *verdict.Hygiene) HygieneView {
	return HygieneView{h.ID, h.Rule, h.Title, int(h.Severity), string(h.Category), h.Message, h.Remedy, h.Where, h.Base}
}

func dockerfileView(f *hygiene.Finding, file string) DockerfileView {
	return DockerfileView{
		ID: f.ID, Rule: f.Rule, Title: f.Title, Severity: int(f.Severity), Category: string(f.Category), Message: f.Message, Remedy: f.Remedy,
		File: file, Line: f.Range.Start.Line, Instruction: f.Instruction, Stage: f.Stage, Final: f.Final,
	}
}

func (x viewer) executable(e *account.Entry) ExecutableView {
	special := func(at int) bool { return len(e.Mode) > at && strings.ContainsRune("sS", rune(e.Mode[at])) }
	return ExecutableView{
		Path: e.Path, Kind: string(e.Kind), Mode: e.Mode, UID: e.UID, Size: e.Size, SHA256: e.SHA256, Status: string(e.Status),
		Owner: e.Owner, OwnerType: e.OwnerType, Reason: e.Reason, Configuration: e.Configuration, Capabilities: e.Capabilities,
		Setuid: special(3), Setgid: special(6), Liveness: string(e.Liveness), Layer: x.origin(e.Layer), Risk: e.Risk, Risks: e.Risks,
	}
}

func (x viewer) pkg(p *inventory.Package) PackageView {
	return PackageView{
		Type: p.Type, Namespace: p.Namespace, Name: p.Name, FullName: p.FullName(), Version: p.Version, Arch: p.Arch, PURL: p.PURL,
		Vendor: p.Vendor, Licenses: p.Licenses, Path: p.Path, Liveness: string(p.Liveness), Origin: x.origin(p.Origin),
	}
}

func imageView(i *verdict.Image) ImageView {
	v := ImageView{
		Reference: i.Reference, Name: i.Name, Source: i.Source, Digest: cmp.Or(i.Digest, i.ConfigDigest), Platform: i.Platform, Created: i.Created,
		Base: BaseView{i.Base.Name, i.Base.Layers}, Layers: len(i.Layers),
	}
	if y := i.Created.Year(); y < 1 || y > 9999 {
		v.Created = time.Time{} // no timestamp of CEL's
	}
	if d := i.Distribution; d != nil {
		v.Distribution = DistributionView{d.ID, d.VersionID, d.VersionCodename, d.PrettyName}
	}
	for _, l := range i.Layers {
		v.Size += l.Size
	}
	return v
}

// words are a typed list as plain text, sorted.
func words[T ~string](list ...T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	slices.Sort(out)
	return out
}
