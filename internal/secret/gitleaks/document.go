package gitleaks

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// document is a file as TOML has it (gitleaks config/config.go, ViperConfig).
// Keys are the same in upper and lower case.
type document struct {
	Title, Description, MinVersion string
	Extend                         extend
	Rules                          []ruleTable
	AllowList                      *globalAllowlist
	Allowlists                     []globalAllowlist
}

type extend struct {
	Path, URL     string
	UseDefault    bool
	DisabledRules []string
}

type ruleTable struct {
	ID, Description, Path, Regex string
	SecretGroup                  int
	Entropy                      float64
	Keywords, Tags               []string
	SkipReport                   bool
	AllowList                    *ruleAllowlist
	Allowlists                   []ruleAllowlist
	Required                     []requiredTable
}

type requiredTable struct {
	ID                         string
	WithinLines, WithinColumns *int
}

type ruleAllowlist struct {
	Description, Condition string
	Commits, Paths         []string
	RegexTarget            string
	Regexes, StopWords     []string
}

type globalAllowlist struct {
	TargetRules []string
	ruleAllowlist
}

// known are the keys of the format in lower case, without the numbers of tables.
func known() map[string]bool {
	keys := map[string]bool{}
	for _, table := range []struct{ path, keys string }{
		{"", "title description minversion extend rules allowlist allowlists"},
		{"extend.", "path url usedefault disabledrules"},
		{"rules.", "id description path regex secretgroup entropy keywords tags skipreport allowlist allowlists required"},
		{"rules.required.", "id withinlines withincolumns"},
		{"rules.allowlist.", "description condition commits paths regextarget regexes stopwords"},
		{"rules.allowlists.", "description condition commits paths regextarget regexes stopwords"},
		{"allowlist.", "description condition commits paths regextarget regexes stopwords targetrules"},
		{"allowlists.", "description condition commits paths regextarget regexes stopwords targetrules"},
	} {
		for k := range strings.FieldsSeq(table.keys) {
			keys[table.path+k] = true
		}
	}
	return keys
}

// spot is a place in a file.
type spot struct {
	file         string
	line, column int
}

// String is what stands before a message.
func (s spot) String() string {
	if s.line == 0 {
		return s.file + ": "
	}
	return fmt.Sprintf("%s:%d:%d: ", s.file, s.line, s.column)
}

func (s spot) errorf(format string, args ...any) error {
	return fmt.Errorf(s.escaped()+format, args...)
}

func (s spot) escaped() string { return strings.ReplaceAll(s.String(), "%", "%%") }

// places says where in a file its keys stand.
type places struct {
	name string
	src  []byte
	// keys maps paths such as "rules.3.allowlists.0.paths" to offsets.
	keys map[string]int
	// unknown are the keys that the format has not, in their order.
	unknown []unknownKey
}

type unknownKey struct {
	path   string
	offset int
}

// maxUnknown bounds the unknown keys that are named.
const maxUnknown = 20

// at is where a key stands, or the nearest that holds it.
func (p *places) at(path string) spot {
	for path != "" {
		if offset, ok := p.keys[path]; ok {
			return p.spot(offset)
		}
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
	}
	return spot{file: p.name}
}

func (p *places) spot(offset int) spot {
	before := p.src[:min(offset, len(p.src))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return spot{p.name, bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1}
}

// parse reads TOML.
func parse(name string, src []byte) (*document, *places, error) {
	doc := &document{}
	if err := toml.Unmarshal(src, doc); err != nil {
		return nil, nil, located(name, err)
	}
	p := &places{name: name, src: src, keys: map[string]int{}}
	if err := p.index(); err != nil {
		return nil, nil, located(name, err)
	}
	return doc, p, nil
}

// located puts the place before what the TOML library says, and takes the names
// of Go's types out of it.
func located(name string, err error) error {
	var e *toml.DecodeError
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", name, err)
	}
	text := strings.TrimPrefix(e.Error(), "toml: ")
	if rest, ok := strings.CutPrefix(text, "cannot decode TOML "); ok {
		kind, into, _ := strings.Cut(rest, " into ")
		var wanted string
		switch {
		case strings.HasSuffix(into, " string"):
			wanted = "a string"
		case strings.HasSuffix(into, "[]string"):
			wanted = "a list of strings"
		case strings.HasSuffix(into, "int"):
			wanted = "a whole number"
		case strings.HasSuffix(into, "float64"):
			wanted = "a number"
		case strings.HasSuffix(into, "bool"):
			wanted = "true or false"
		case strings.Contains(into, " []"):
			wanted = "a list of tables"
		default:
			wanted = "a table"
		}
		text = fmt.Sprintf("the %s is not what belongs here, %s", kind, wanted)
	}
	if key := plainly(strings.Join(e.Key(), ".")); key != "" {
		text = key + ": " + text
	}
	line, column := e.Position()
	return spot{name, line, column}.errorf("%s", plainly(text))
}

// index notes where keys stand and which are unknown.
func (p *places) index() error {
	parser := unstable.Parser{}
	parser.Reset(p.src)
	w := walker{places: p, known: known(), tables: map[string]int{}}
	for parser.NextExpression() {
		node := parser.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			w.table(node)
		case unstable.KeyValue:
			w.pair(node, w.path, w.plain, w.skip)
		}
	}
	return parser.Error()
}

// walker follows the tables of a document. path is that of the current one with
// numbers, plain without; skip says that it is unknown as a whole.
type walker struct {
	*places
	known       map[string]bool
	tables      map[string]int
	path, plain string
	skip        bool
}

func (w *walker) table(node *unstable.Node) {
	w.path, w.plain, w.skip = "", "", false
	it := node.Key()
	for it.Next() {
		key := it.Node()
		w.path, w.plain = join(w.path, key), join(w.plain, key)
		offset := int(key.Raw.Offset)
		if !w.skip && !w.known[w.plain] {
			w.skip = true
			w.unknown = append(w.unknown, unknownKey{w.plain, offset})
		}
		if w.skip {
			return
		}
		if it.IsLast() && node.Kind == unstable.ArrayTable {
			w.note(w.path, offset)
			w.tables[w.path]++
		}
		if n := w.tables[w.path]; n > 0 {
			w.path += "." + strconv.Itoa(n-1)
		} else if w.list(w.plain) {
			w.path += ".0"
		}
		if it.IsLast() {
			w.note(w.path, offset)
		}
	}
}

// list reports whether tables of this name come as lists; one that is written
// as a table alone is its first.
func (w *walker) list(plain string) bool {
	return slices.Contains([]string{"rules", "rules.allowlists", "rules.required", "allowlists"}, plain)
}

func (w *walker) note(path string, offset int) {
	if _, ok := w.keys[path]; !ok {
		w.keys[path] = offset
	}
}

// pair notes a key and those of the inline tables in its value.
func (w *walker) pair(node *unstable.Node, path, plain string, skip bool) {
	if skip {
		return
	}
	it := node.Key()
	for it.Next() {
		key := it.Node()
		path, plain = join(path, key), join(plain, key)
		offset := int(key.Raw.Offset)
		if !w.known[plain] {
			w.unknown = append(w.unknown, unknownKey{plain, offset})
			return
		}
		w.note(path, offset)
	}
	w.value(node.Value(), path, plain)
}

func (w *walker) value(value *unstable.Node, path, plain string) {
	switch value.Kind {
	case unstable.InlineTable:
		it := value.Children()
		for it.Next() {
			w.pair(it.Node(), path, plain, false)
		}
	case unstable.Array:
		it := value.Children()
		for n := 0; it.Next(); n++ {
			item := it.Node()
			at := path + "." + strconv.Itoa(n)
			if item.Raw.Length > 0 {
				w.note(at, int(item.Raw.Offset))
			}
			w.value(item, at, plain)
		}
	}
}

func join(path string, key *unstable.Node) string {
	name := strings.ToLower(plainly(string(key.Data)))
	if path == "" {
		return name
	}
	return path + "." + name
}

// plainly is a text of the file as messages may show it.
func plainly(s string) string {
	const longest = 160
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > longest {
		s = string([]rune(s)[:longest]) + "…"
	}
	return s
}
