package jar

import (
	"bytes"
	"html"
	"slices"
	"strings"
)

// maxDependencies bounds the list of one pom.
const maxDependencies = 5_000

// pom is what a pom.xml says of its own project.
type pom struct {
	entry                    string
	group, artifact, version string
	parentGroup              string
	parentVersion            string
	properties               map[string]string
	licenses                 []string
	dependencies             []string
}

// coordinates fills what the project leaves to its parent or to a property.
func (p *pom) coordinates() coordinates {
	c := coordinates{group: p.group, artifact: p.artifact, version: p.version, entry: p.entry}
	if c.group == "" {
		c.group = p.parentGroup
	}
	if c.version == "" {
		c.version = p.parentVersion
	}
	c.group, c.artifact, c.version = p.resolve(c.group), p.resolve(c.artifact), p.resolve(c.version)
	return c
}

// resolve replaces a value that is one property's name. Maven's own rules reach
// further, into parents that are not here.
func (p *pom) resolve(v string) string {
	for range 3 {
		name, ok := strings.CutPrefix(v, "${")
		if !ok || !strings.HasSuffix(name, "}") {
			return v
		}
		switch name = name[:len(name)-1]; name {
		case "project.groupId", "pom.groupId", "project.parent.groupId":
			v = p.parentGroup
			if name != "project.parent.groupId" && p.group != "" {
				v = p.group
			}
		case "project.version", "pom.version", "project.parent.version":
			v = p.parentVersion
			if name != "project.parent.version" && p.version != "" {
				v = p.version
			}
		default:
			v = p.properties[name]
		}
	}
	return v
}

// parsePom reads a pom.xml. It walks the tags without building a tree: an
// element counts by the names of those around it. What is no XML gives an empty
// or partial result.
func parsePom(b []byte) pom {
	var p pom
	var dep dependency
	w := xmlWalk{b: b}
	for w.next() {
		switch w.path() {
		case "project/groupId":
			p.group = word(w.text)
		case "project/artifactId":
			p.artifact = word(w.text)
		case "project/version":
			p.version = word(w.text)
		case "project/parent/groupId":
			p.parentGroup = word(w.text)
		case "project/parent/version":
			p.parentVersion = word(w.text)
		case "project/licenses/license/name":
			if l := printable(w.text); l != "" && len(p.licenses) < maxLicenses && !slices.Contains(p.licenses, l) {
				p.licenses = append(p.licenses, l)
			}
		case "project/dependencies/dependency/groupId":
			dep.group = word(w.text)
		case "project/dependencies/dependency/artifactId":
			dep.artifact = word(w.text)
		case "project/dependencies/dependency/scope":
			dep.scope = word(w.text)
		case "project/dependencies/dependency/optional":
			dep.optional = word(w.text) == "true"
		case "project/dependencies/dependency":
			p.depend(dep)
			dep = dependency{}
		default:
			p.property(&w)
		}
	}
	p.dependencies = merge(p.dependencies, nil)
	return p
}

// property keeps a child of project/properties.
func (p *pom) property(w *xmlWalk) {
	if len(w.names) == 3 && w.names[0] == "project" && w.names[1] == "properties" && len(p.properties) < 1000 {
		if p.properties == nil {
			p.properties = map[string]string{}
		}
		p.properties[w.names[2]] = word(w.text)
	}
}

type dependency struct {
	group, artifact, scope string
	optional               bool
}

// depend keeps what is needed to run: neither tests nor what the container provides.
func (p *pom) depend(d dependency) {
	switch {
	case d.optional, d.scope != "" && d.scope != "compile" && d.scope != "runtime":
	case d.artifact == "", d.group == "", len(p.dependencies) >= maxDependencies:
	default:
		if g := p.resolve(d.group); g != "" && !strings.Contains(g, "${") {
			p.dependencies = append(p.dependencies, g+":"+d.artifact)
		}
	}
}

// merge returns both lists sorted, each name once.
func merge(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// xmlWalk visits the end of each element of an XML text, outer ones after inner
// ones. It knows as much XML as poms use: no DTD is read, no entity but the
// predefined ones replaced.
type xmlWalk struct {
	b []byte
	// names are those of the element whose end was met and of those around it.
	names []string
	// text is the character data directly before its end tag.
	text  string
	ended bool
	skip  int // elements open below maxXMLDepth
	leaf  []byte
}

const maxXMLDepth = 6

func (w *xmlWalk) path() string { return strings.Join(w.names, "/") }

// next goes on to the next end of an element. False: the text is over.
func (w *xmlWalk) next() bool {
	if w.ended {
		w.names = w.names[:len(w.names)-1]
		w.ended = false
	}
	for {
		i := bytes.IndexByte(w.b, '<')
		if i < 0 {
			return false
		}
		data := w.b[:i]
		w.b = w.b[i+1:]
		if len(data) > 0 && len(w.leaf)+len(data) <= maxValue {
			w.leaf = append(w.leaf, data...)
		}
		switch {
		case bytes.HasPrefix(w.b, []byte("!--")):
			w.past("-->")
		case bytes.HasPrefix(w.b, []byte("![CDATA[")):
			j := bytes.Index(w.b, []byte("]]>"))
			if j > 0 && j-8+len(w.leaf) <= maxValue {
				w.leaf = append(w.leaf, w.b[8:j]...)
			}
			w.past("]]>")
		case bytes.HasPrefix(w.b, []byte("?")):
			w.past("?>")
		case bytes.HasPrefix(w.b, []byte("!")):
			w.past(">")
		case bytes.HasPrefix(w.b, []byte("/")):
			w.past(">")
			if w.end() {
				return true
			}
		default:
			w.open()
		}
	}
}

func (w *xmlWalk) past(mark string) {
	i := bytes.Index(w.b, []byte(mark))
	if i < 0 {
		w.b = nil
		return
	}
	w.b = w.b[i+len(mark):]
}

// open enters the element whose tag begins at b.
func (w *xmlWalk) open() {
	i := bytes.IndexByte(w.b, '>')
	if i < 0 {
		w.b = nil
		return
	}
	tag := w.b[:i]
	w.b = w.b[i+1:]
	w.leaf = w.leaf[:0]
	if bytes.HasSuffix(tag, []byte("/")) {
		return // empty, so nothing to tell
	}
	if j := bytes.IndexAny(tag, " \t\r\n"); j >= 0 {
		tag = tag[:j]
	}
	if len(w.names) >= maxXMLDepth || w.skip > 0 || len(tag) > 200 {
		w.skip++
		return
	}
	w.names = append(w.names, string(tag))
}

// end leaves an element; true where it is one to be visited.
func (w *xmlWalk) end() bool {
	if w.skip > 0 {
		w.skip--
		return false
	}
	if len(w.names) == 0 {
		return false
	}
	w.text = strings.TrimSpace(html.UnescapeString(string(w.leaf)))
	w.leaf = w.leaf[:0]
	w.ended = true
	return true
}
