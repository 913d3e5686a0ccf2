package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// xsd is the part of a W3C XML Schema that jenkins-junit.xsd uses: elements with
// attributes and a sequence of others.
type xsd struct {
	Elements []xsdElement `xml:"element"`
}

type xsdElement struct {
	Name string `xml:"name,attr"`
	Type string `xml:"type,attr"`
	// Ref, Min and Max are set where the element is part of a sequence.
	Ref   string `xml:"ref,attr"`
	Min   string `xml:"minOccurs,attr"`
	Max   string `xml:"maxOccurs,attr"`
	Inner struct {
		Mixed      bool         `xml:"mixed,attr"`
		Sequence   []xsdElement `xml:"sequence>element"`
		Attributes []struct {
			Name string `xml:"name,attr"`
			Use  string `xml:"use,attr"`
		} `xml:"attribute"`
	} `xml:"complexType"`
}

// xmlNode is an element of a document.
type xmlNode struct {
	name     string
	attrs    map[string]bool
	children []*xmlNode
	text     string
}

func parseXML(raw []byte) (*xmlNode, error) {
	d := xml.NewDecoder(strings.NewReader(string(raw)))
	root := &xmlNode{}
	stack := []*xmlNode{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &xmlNode{name: token.Name.Local, attrs: map[string]bool{}}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = true
			}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(token)
		}
	}
	if len(root.children) != 1 {
		return nil, fmt.Errorf("%d roots", len(root.children))
	}
	return root.children[0], nil
}

// check holds an element against the schema.
func (s *xsd) check(n *xmlNode) error {
	var e *xsdElement
	for i := range s.Elements {
		if s.Elements[i].Name == n.name {
			e = &s.Elements[i]
		}
	}
	if e == nil {
		return fmt.Errorf("element %s is not known", n.name)
	}
	known := map[string]bool{}
	for _, a := range e.Inner.Attributes {
		known[a.Name] = true
		if a.Use == "required" && !n.attrs[a.Name] {
			return fmt.Errorf("%s has no %s", n.name, a.Name)
		}
	}
	for name := range n.attrs {
		if !known[name] {
			return fmt.Errorf("%s has %s", n.name, name)
		}
	}
	if text := strings.TrimSpace(n.text); text != "" && !e.Inner.Mixed && e.Type != "xs:string" {
		return fmt.Errorf("%s holds the text %q", n.name, text)
	}
	rest := n.children
	for _, part := range e.Inner.Sequence {
		met := 0
		for len(rest) > 0 && rest[0].name == part.Ref && (part.Max == "unbounded" || met < 1) {
			if err := s.check(rest[0]); err != nil {
				return err
			}
			rest, met = rest[1:], met+1
		}
		if part.Min != "0" && met == 0 {
			return fmt.Errorf("%s has no %s", n.name, part.Ref)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%s holds %s, which may not stand there", n.name, rest[0].name)
	}
	return nil
}

// validateJUnit holds a document against Jenkins' schema, and asks xmllint as well
// where it is installed.
func validateJUnit(t *testing.T, raw []byte) {
	t.Helper()
	var s xsd
	if err := xml.Unmarshal(testSchema(t, "jenkins-junit.xsd"), &s); err != nil {
		t.Fatal(err)
	}
	n, err := parseXML(raw)
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	if err := s.check(n); err != nil {
		t.Error(err)
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		return
	}
	lint := exec.Command("xmllint", "--noout", "--nonet", "--schema", filepath.Join("testdata", "schemas", "jenkins-junit.xsd"), "-")
	lint.Stdin = strings.NewReader(string(raw))
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
}

func TestTheSchemaOfJUnitRefusesWhatItShould(t *testing.T) {
	var s xsd
	if err := xml.Unmarshal(testSchema(t, "jenkins-junit.xsd"), &s); err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{
		`<suite/>`, `<testsuites><testcase name="x"/></testsuites>`, `<testsuites><testsuite name="x"/></testsuites>`,
		`<testsuites><testsuite name="x" tests="1"><testcase/></testsuite></testsuites>`, `<testsuites colour="red"/>`,
		`<testsuites><testsuite name="x" tests="1"><testcase name="x"><failure/><skipped/></testcase></testsuite></testsuites>`,
		`<testsuites><testsuite name="x" tests="1"><testcase name="x">text</testcase></testsuite></testsuites>`,
		`<testsuites><testsuite name="x" tests="1"><properties/></testsuite></testsuites>`,
	} {
		n, err := parseXML([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if s.check(n) == nil {
			t.Errorf("takes %s", doc)
		}
	}
}
