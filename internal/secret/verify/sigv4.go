package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// awsID and awsSession are the rules whose values belong to a secret key.
	awsID      = "aws-access-key-id"
	awsSession = "aws-session-token"
	// callerIdentity is the one request that every key may make.
	callerIdentity = "Action=GetCallerIdentity&Version=2011-06-15"
	awsRegion      = "us-east-1"
)

// awsPair says what a secret key lacks.
func awsPair(p *probe) string {
	id := string(p.related[awsID])
	switch {
	case !regexp.MustCompile(`\AA[KS]IA[A-Z2-7]{16}\z`).MatchString(id):
		return "a secret key works beside its access key identifier only, and none was found there"
	case strings.HasPrefix(id, "ASIA") && !sendable(string(p.related[awsSession])):
		return "a temporary key works beside its session token only, and none was found there"
	}
	return ""
}

func signAWS(r *http.Request, p *probe) {
	session := ""
	id := string(p.related[awsID])
	if strings.HasPrefix(id, "ASIA") {
		session = string(p.related[awsSession])
	}
	r.Header.Set("X-Amz-Date", p.now.UTC().Format("20060102T150405Z"))
	if session != "" {
		r.Header.Set("X-Amz-Security-Token", session)
	}
	r.Header.Set("Authorization", sigV4(r, callerIdentity, id, p.value, awsRegion, "sts", p.now))
}

// sigV4 is the Authorization header of a request without a query that signs the
// host and the headers of Amazon (docs.aws.amazon.com, IAM User Guide, "Create a
// signed AWS API request").
func sigV4(r *http.Request, body, id, key, region, service string, at time.Time) string {
	date := at.UTC().Format("20060102")
	headers := map[string]string{"host": r.URL.Host}
	for name, values := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") {
			headers[lower] = strings.TrimSpace(values[0])
		}
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n/\n\n")
	for _, name := range names {
		canonical.WriteString(name + ":" + headers[name] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical.WriteString("\n" + signed + "\n" + hashed(body))
	scope := strings.Join([]string{date, region, service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", at.UTC().Format("20060102T150405Z"), scope, hashed(canonical.String())}, "\n")
	mac := []byte("AWS4" + key)
	for _, part := range []string{date, region, service, "aws4_request", text} {
		h := hmac.New(sha256.New, mac)
		h.Write([]byte(part))
		mac = h.Sum(nil)
	}
	return "AWS4-HMAC-SHA256 Credential=" + id + "/" + scope + ", SignedHeaders=" + signed + ", Signature=" + hex.EncodeToString(mac)
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
