package report

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// The elements of JUnit's XML as Jenkins reads them (jenkins-junit.xsd, which names
// the order of a test case's parts). GitLab and Azure Pipelines read the same.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Timestamp  string           `xml:"timestamp,attr,omitempty"`
		Properties *junitProperties `xml:"properties,omitempty"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		List []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Skipped *string      `xml:"skipped,omitempty"`
		Error   *junitReason `xml:"error,omitempty"`
		Failure *junitReason `xml:"failure,omitempty"`
	}
	junitReason struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junitLine bounds one text of an image or a database.
const junitLine = 2000

// writeJUnit writes a suite for each image and platform and a case for each
// finding. What asks for a rebuild now fails; what may wait, has no fix or is
// accepted is skipped, so that nobody's build breaks over what can't be mended.
// Whether the whole image was examined is a case as well, so that a suite is never
// empty and an incomplete scan never passes.
func writeJUnit(w io.Writer, r *verdict.Report, opt Options) error {
	all := junitSuites{Name: junitText(r.Tool.Name)}
	for i := range r.Verdicts {
		s := junitSuiteOf(&r.Verdicts[i], opt)
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		all.Suites = append(all.Suites, s)
	}
	var doc bytes.Buffer
	doc.WriteString(xml.Header)
	e := xml.NewEncoder(&doc)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	doc.WriteByte('\n')
	_, err := w.Write(quietXML(doc.Bytes()))
	return err
}

// quietXML writes as character references what a CI system's log would take for
// a command; XML means the same by both.
func quietXML(doc []byte) []byte {
	doc = bytes.ReplaceAll(doc, []byte("##["), []byte("#&#35;["))
	return bytes.ReplaceAll(doc, []byte("##vso["), []byte("#&#35;vso["))
}

func junitSuiteOf(v *verdict.Verdict, opt Options) junitSuite {
	s := junitSuite{Name: junitText(imageTitle(&v.Image))}
	if t := stamp(v, opt); !t.IsZero() {
		s.Timestamp = t.Format("2006-01-02T15:04:05")
	}
	s.property("decision", string(v.Headline.Decision))
	s.property("headline", v.Headline.Text)
	s.property("digest", v.Image.Digest)
	// Cases are told apart by their class and name, and the same over all images.
	class := junitText(untagged(&v.Image) + " " + v.Image.Platform + ": ")
	s.add(junitCoverage(v, class))
	if v.Gate != nil {
		c := junitCase{Name: junitText("nothing at " + strings.Join(v.Gate.FailOn, ", ")), Class: class + "gate"}
		if v.Gate.Failed {
			c.Failure = &junitReason{Type: "gate", Message: junitText(strings.Join(v.Gate.Reasons, "; "))}
		}
		s.add(c)
	}
	found := entries(v)
	for i := range found {
		s.add(junitFinding(&found[i], class))
	}
	return s
}

func junitCoverage(v *verdict.Verdict, class string) junitCase {
	c := junitCase{Name: "the whole image was examined", Class: class + "coverage"}
	if reason := incompleteWords(v); reason != "" {
		c.Error = &junitReason{Type: "incomplete", Message: junitText(reason)}
	}
	return c
}

func junitFinding(e *entry, class string) junitCase {
	c := junitCase{Name: junitText(cmp.Or(e.rule, e.kind)), Class: class + junitText(e.kind)}
	switch {
	case e.pkg != "" && e.path != "":
		c.Name += junitText(" in " + e.pkg + " (" + e.path + ")")
	case e.subject != "":
		c.Name += junitText(" in " + e.subject)
	}
	text := junitText(e.text())
	if !e.grave() || e.disposition == triage.Accepted {
		why := junitText(string(e.disposition) + ": " + text)
		c.Skipped = &why
		return c
	}
	var lines []string
	for _, l := range []struct{ label, text string }{{"where", e.standing}, {"why", e.why}, {"do", e.remedy}, {"finding", e.id}} {
		if l.text != "" {
			lines = append(lines, l.label+": "+junitText(l.text))
		}
	}
	c.Failure = &junitReason{Type: e.severity.String(), Message: text, Text: strings.Join(lines, "\n")}
	return c
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Error != nil:
		s.Errors++
	case c.Failure != nil:
		s.Failures++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func (s *junitSuite) property(name, value string) {
	if value == "" {
		return
	}
	if s.Properties == nil {
		s.Properties = &junitProperties{}
	}
	s.Properties.List = append(s.Properties.List, junitProperty{name, junitText(value)})
}

// junitText is one line that a log may show. The encoder escapes what XML obeys.
func junitText(s string) string { return cut(Clean(cut(s, 2*junitLine)), junitLine) }
