package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/verdict"
)

// stamp is the time that a document carries: SOURCE_DATE_EPOCH where it is
// set, else the image's creation; zero where neither is known.
func stamp(v *verdict.Verdict, opt Options) time.Time {
	if !opt.Time.IsZero() {
		return writable(opt.Time.UTC())
	}
	return writable(v.Image.Created.UTC())
}

// documentID is a UUID (version 8 of RFC 9562, made from SHA-256) of what was
// judged and with what: the same image and databases give the same one.
func documentID(r *verdict.Report, v *verdict.Verdict, form string) string {
	parts := []string{"plimsoll", form, r.Tool.Version, v.Image.Digest, v.Image.ConfigDigest, v.Image.Platform}
	if v.Image.Digest == "" && v.Image.ConfigDigest == "" {
		parts = append(parts, v.Image.Reference)
		for i := range v.Packages {
			parts = append(parts, v.Packages[i].ID)
		}
	}
	for i := range v.Coverage.Databases {
		parts = append(parts, v.Coverage.Databases[i].Name, v.Coverage.Databases[i].Digest)
	}
	return uuid(parts...)
}

// uuid is a UUID of version 8 made of parts with SHA-256.
func uuid(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	id := h.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// repository splits an image's name into the repository and its tag:
// "index.docker.io/library/python" and "3.8-slim".
func repository(image *verdict.Image) (name, tag string) {
	name = image.Name
	if name == "" {
		name = image.Reference
	}
	name, _, _ = strings.Cut(name, "@")
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		name, tag = name[:at], name[at+1:]
	}
	return name, tag
}

// imagePURL is the image's package URL; empty where no manifest digest is
// known or no registry name, for neither can be made up.
func imagePURL(image *verdict.Image) string {
	name, tag := repository(image)
	if image.Digest == "" || image.Name == "" || name == "" {
		return ""
	}
	base := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	qualifiers := map[string]string{}
	if strings.Contains(name, "/") {
		qualifiers["repository_url"] = strings.ToLower(name)
	}
	if tag != "" {
		qualifiers["tag"] = tag
	}
	if _, arch, ok := strings.Cut(image.Platform, "/"); ok {
		qualifiers["arch"], _, _ = strings.Cut(arch, "/")
	}
	return packageurl.NewPackageURL(packageurl.TypeOCI, "", base, image.Digest, packageurl.QualifiersFromMap(qualifiers), "").ToString()
}

// shortSum is a short digest of an identifier for use in other identifiers.
func shortSum(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}
