package gitleaks

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/keyword"
	"plimsoll/internal/secret"

	"github.com/google/go-cmp/cmp"
)

// found is what rules find in a file: "rule: value" each, in order.
func found(t *testing.T, rules []secret.Rule, path, text string) []string {
	t.Helper()
	e, err := secret.NewEngine(rules)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, h := range e.File(path) {
		list = append(list, h.Rule.ID+": the file")
	}
	set, err := keyword.New(e.Words())
	if err != nil {
		t.Fatal(err)
	}
	s := e.Begin(path)
	set.Find([]byte(text), 0, len(text), func(word, at int) bool {
		s.Keyword([]byte(text), 0, word, at)
		return true
	})
	for _, h := range s.Hits() {
		list = append(list, h.Rule.ID+": "+string(h.Value))
	}
	slices.Sort(list)
	return list
}

func load(t *testing.T, src string) ([]secret.Rule, []Problem) {
	t.Helper()
	rules, problems, err := Load("rules.toml", []byte(src), ours(), files(nil))
	if err != nil {
		t.Fatal(err)
	}
	return rules, problems
}

// ours stand for the built-in rules.
func ours() []secret.Rule {
	return []secret.Rule{
		{ID: "github-classic-token", Title: "GitHub token", Severity: advisory.Critical, Confidence: secret.Likely, Keywords: []string{"ghp_"}, Pattern: `ghp_[0-9A-Za-z]{36}\b`},
		{ID: "acme-token", Title: "Acme token", Severity: advisory.High, Confidence: secret.Likely, Keywords: []string{"acme-"}, Pattern: `acme-[0-9a-z]{8}`, Exact: true},
		{ID: "acme-found", Title: "Acme", Severity: advisory.Low, Confidence: secret.Likely, Keywords: []string{"acmefind"}, Find: func(*secret.Window) (secret.Span, bool) { return secret.Span{}, false }},
	}
}

func files(list map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if text, ok := list[path]; ok {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("open %s: no such file", path)
	}
}

// TestARealisticFile: built-in rules, own tokens, composites, keystores and allow-lists in one file.
func TestARealisticFile(t *testing.T) {
	src, err := os.ReadFile("testdata/umbrella.toml")
	if err != nil {
		t.Fatal(err)
	}
	rules, problems := load(t, string(src))
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	token := "k2j4h5g6f7d8s9a0q1w2e3r4"
	for name, c := range map[string]struct {
		path, text string
		want       []string
	}{
		"its token":                         {"etc/app.conf", "token=umb_live_" + token, []string{"umbrella-deploy-token: " + token}},
		"the handbook's":                    {"etc/app.conf", "token=umb_live_0123456789abcdefghijklmn", []string{}},
		"a revoked one":                     {"etc/app.conf", "token=umb_live_revoked4h5g6f7d8s9a0q1w", []string{}},
		"one of little entropy":             {"etc/app.conf", "token=umb_live_aaaaaaaaaaaaaaaaaaaaaaab", []string{}},
		"one for tests in tests":            {"srv/test/app.conf", "token=umb_test_" + token, []string{}},
		"one for tests elsewhere":           {"srv/app.conf", "token=umb_test_" + token, []string{"umbrella-deploy-token: " + token}},
		"in the base image's documentation": {"usr/share/doc/x/readme", "token=umb_live_" + token, []string{}},
		"a built-in rule":                   {"a", "acme-12345678", []string{"acme-token: acme-12345678"}},
		"a built-in rule in documentation":  {"usr/share/doc/x/readme", "acme-12345678", []string{}},
		"a disabled built-in rule":          {"a", "ghp_" + strings.Repeat("a1b2", 9), []string{}},
		"a password beside its user":        {"a", "db_user = umb_shop\n\n\ndb_password = 'k2j4h5g6f7'\n", []string{"umbrella-database-password: k2j4h5g6f7"}},
		"a password behind its user's line": {"a", "db_password = 'k2j4h5g6f7'\ndb_user = umb_shop\n", []string{"umbrella-database-password: k2j4h5g6f7"}},
		"a password far from its user":      {"a", "db_user = umb_shop\n\n\n\ndb_password = 'k2j4h5g6f7'\n", []string{}},
		"a password of no user":             {"a", "db_password = 'k2j4h5g6f7'\n", []string{}},
		"a password with a stop word":       {"a", "db_user = umb_shop\ndb_password = 'ChangeMe123'\n", []string{}},
		"a user alone":                      {"a", "db_user = umb_shop\n", []string{}},
		"a keystore":                        {"srv/umbrella-shop.p12", "", []string{"umbrella-keystore: the file"}},
		"a keystore in documentation":       {"usr/share/doc/umbrella-shop.p12", "", []string{}},
		"another file":                      {"srv/shop.p12", "", []string{}},
		"near the keyword":                  {"a", "curl https://vault.umbrella.example/v1 # 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", []string{"umbrella-generic: 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}},
		"without the keyword":               {"a", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", []string{}},
		"with the comment":                  {"a", "token=umb_live_" + token + " # gitleaks:allow", []string{"umbrella-deploy-token: " + token}}, // but only possible
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, found(t, rules, c.path, c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, r := range rules {
		if r.ID == "umbrella-deploy-token" && (r.Severity != advisory.Critical || r.Confidence != secret.Likely || r.Title != "Umbrella deploy token") {
			t.Errorf("rule %+v", r)
		}
		if r.ID == "umbrella-generic" && r.Confidence != secret.Possible {
			t.Errorf("rule %+v", r)
		}
	}
}

// TestTheExampleOfTheDocumentationRuns over the built-in rules.
func TestTheExampleOfTheDocumentationRuns(t *testing.T) {
	text, err := os.ReadFile("../../../docs/secrets.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```toml\n")
	example, _, _ = strings.Cut(example, "```")
	rules, problems, err := Load("docs/secrets.md", []byte(example), secret.Rules(), nil)
	if err != nil || len(problems) > 0 {
		t.Fatalf("problems %v, error %v", problems, err)
	}
	token := "k2j4h5g6f7d8s9a0q1w2e3r4"
	if got := found(t, rules, "srv/app.conf", "x=umb_test_"+token); !cmp.Equal(got, []string{"umbrella-deploy-token: " + token}) {
		t.Errorf("found %v", got)
	}
	if got := found(t, rules, "srv/tests/app.conf", "x=umb_test_"+token); len(got) > 0 {
		t.Errorf("found %v", got)
	}
}

// TestOneRule: what a single rule finds.
func TestOneRule(t *testing.T) {
	const list = "\n[[rules.allowlists]]\n"
	for name, c := range map[string]struct {
		rule, path, text string
		want             []string
	}{
		"no group: the whole match":         {`regex='tok-[0-9]+'`, "", "x tok-12", []string{"tok-12"}},
		"the first group":                   {`regex='tok-([0-9]+)-([0-9]+)'`, "", "x tok-12-34", []string{"12"}},
		"the first group that has a part":   {`regex='tok-(?:(a+)|(b+))'`, "", "x tok-bb", []string{"bb"}},
		"secretGroup":                       {"secretGroup=2\n" + `regex='tok-([0-9]+)-([0-9]+)'`, "", "x tok-12-34", []string{"34"}},
		"keys in any case":                  {"SECRETGROUP=2\n" + `Regex='tok-([0-9]+)-([0-9]+)'`, "", "x tok-12-34", []string{"34"}},
		"entropy that is just met":          {"entropy=2\n" + `regex='token-([a-z]+)'`, "", "token-abcd", []string{}},
		"entropy that is exceeded":          {"entropy=2\n" + `regex='token-([a-z]+)'`, "", "token-abcde", []string{"abcde"}},
		"a path":                            {`path='\.env$'` + "\n" + `regex='tok-[0-9]+'`, "srv/.env", "tok-12", []string{"tok-12"}},
		"another path":                      {`path='\.env$'` + "\n" + `regex='tok-[0-9]+'`, "srv/.envrc", "tok-12", []string{}},
		"a path from the root":              {`path='^/srv/'` + "\n" + `regex='tok-[0-9]+'`, "srv/.envrc", "tok-12", []string{"tok-12"}},
		"either case":                       {`regex='(?i)token[_-]?x=([0-9]+)'`, "", "TOKEN_X=12 tokenx=345", []string{"12", "345"}},
		"short in the middle of a word":     {`regex='(?i)okta_?=([0-9]+)'` + "\nkeywords=['okta']", "", "MY_OKTA=12 xokta=34 okta=56", []string{"12", "34", "56"}},
		"a boundary":                        {`regex='\btok-[0-9]+'`, "", "xtok-12 tok-34", []string{"tok-34"}},
		"no boundary":                       {`regex='tok-[0-9]+'`, "", "xtok-12 tok-34", []string{"tok-12", "tok-34"}},
		"the beginning of the file":         {`regex='^token-[0-9]+'`, "", "token-12\ntoken-34", []string{"token-12"}},
		"the beginning of a line":           {`regex='(?m)^token-[0-9]+'`, "", "token-12\n token-34\ntoken-56", []string{"token-12", "token-56"}},
		"the end of the file":               {`regex='token-[0-9]{2}$'`, "", "token-12\ntoken-34", []string{"token-34"}},
		"a keyword elsewhere":               {"keywords=['umbrella']\n" + `regex='\btok[0-9]{8}\b'`, "", "tok12345678" + strings.Repeat("\n", 5000) + "umbrella", []string{"tok12345678"}},
		"a keyword nowhere":                 {"keywords=['umbrella']\n" + `regex='\btok[0-9]{8}\b'`, "", "tok12345678", []string{}},
		"no literal, a keyword near":        {"keywords=['umbrella']\n" + `regex='\b[0-9]{8}\b'`, "", "12345678\numbrella\n23456789", []string{"12345678", "23456789"}},
		"a block of lines":                  {`regex='-----BEGIN X-----[\s\S]+?-----END X-----'`, "", "-----BEGIN X-----\n" + strings.Repeat("abc\n", 1500) + "-----END X-----", []string{"-----BEGIN X-----\n" + strings.Repeat("abc\n", 1500) + "-----END X-----"}},
		"beside an alternative":             {`regex='(?:alpha|beta)-key ([0-9]+)'`, "", "alpha-key 1 beta-key 2", []string{"1", "2"}},
		"not RE2's letters":                 {`regex='tøken-[0-9]+'`, "", "tøken-12", []string{"tøken-12"}},
		"allowed by its value":              {`regex='token-([0-9]+)'` + list + "regexes=['^12$']", "", "token-12 token-123", []string{"123"}},
		"allowed by its match":              {`regex='token-([0-9]+)'` + list + "regexTarget='match'\nregexes=['^token-12$']", "", "token-12 token-123", []string{"123"}},
		"allowed by its line":               {`regex='token-([0-9]+)'` + list + "regexTarget='line'\nregexes=['^#']", "", "# token-12\ntoken-123", []string{"123"}},
		"allowed by a stop word":            {`regex='token-([a-z]+)'` + list + "stopwords=['Dummy','x']", "", "token-adummyb token-abxab token-real", []string{"real"}},
		"allowed by path":                   {`regex='token-([0-9]+)'` + list + "paths=['^/?etc/']", "etc/x", "token-12", []string{}},
		"one of two conditions":             {`regex='token-([0-9]+)'` + list + "paths=['^etc/']\nstopwords=['99']", "usr/x", "token-12 token-1299", []string{"12"}},
		"both of two conditions":            {`regex='token-([0-9]+)'` + list + "condition='and'\npaths=['^etc/']\nstopwords=['99']", "etc/x", "token-12 token-1299", []string{"12"}},
		"one where both are asked for":      {`regex='token-([0-9]+)'` + list + "condition='&&'\npaths=['^etc/']\nstopwords=['99']", "usr/x", "token-12 token-1299", []string{"12", "1299"}},
		"paths where all are asked for":     {`regex='token-([0-9]+)'` + list + "condition='AND'\npaths=['^etc/']", "etc/x", "token-12", []string{}},
		"a commit where all are asked for":  {`regex='token-([0-9]+)'` + list + "condition='AND'\ncommits=['abc']\npaths=['^etc/']", "etc/x", "token-12", []string{"12"}},
		"the older allow-list":              {`regex='token-([0-9]+)'` + "\n[rules.allowlist]\nregexes=['^12$']", "", "token-12 token-123", []string{"123"}},
		"a global one":                      {`regex='token-([0-9]+)'` + "\n[[allowlists]]\nregexes=['^12$']", "", "token-12 token-123", []string{"123"}},
		"an older global one":               {`regex='token-([0-9]+)'` + "\n[allowlist]\nregexes=['^12$']", "", "token-12 token-123", []string{"123"}},
		"one for this rule":                 {`regex='token-([0-9]+)'` + "\n[[allowlists]]\ntargetRules=['x']\nregexes=['^12$']", "", "token-12 token-123", []string{"123"}},
		"a required rule within columns":    {`regex='token-([0-9]+)'` + "\n[[rules.required]]\nid='y'\nwithinColumns=10\nwithinLines=0\n[[rules]]\nid='y'\nregex='user-[0-9]+'\nskipReport=true", "", "token-12 user-1\ntoken-34            user-2\n", []string{"12"}},
		"a required rule anywhere":          {`regex='token-([0-9]+)'` + "\n[[rules.required]]\nid='y'\n[[rules]]\nid='y'\nregex='user-[0-9]+'\nskipReport=true", "", "token-12\n\n\n\nuser-2\n", []string{"12"}},
		"a required rule that is allowed":   {`regex='token-([0-9]+)'` + "\n[[rules.required]]\nid='y'\n[[rules]]\nid='y'\nregex='user-[0-9]+'\nskipReport=true\n[[rules.allowlists]]\nstopwords=['user-2']", "", "token-12 user-2\n", []string{}},
		"a required rule of too little":     {`regex='token-([0-9]+)'` + "\n[[rules.required]]\nid='y'\n[[rules]]\nid='y'\nregex='user-[0-9]+'\nskipReport=true\nentropy=4", "", "token-12 user-2\n", []string{}},
		"a required rule for another path":  {`regex='token-([0-9]+)'` + "\n[[rules.required]]\nid='y'\n[[rules]]\nid='y'\nregex='user-[0-9]+'\nskipReport=true\npath='^etc/'", "usr/x", "token-12 user-2\n", []string{}},
		"two required rules, of which one":  {`regex='token-([0-9]+)'` + "\n[[rules.required]]\nid='y'\n[[rules.required]]\nid='z'\n[[rules]]\nid='y'\nregex='user-[0-9]+'\nskipReport=true\n[[rules]]\nid='z'\nregex='host-[0-9]+'\nskipReport=true", "", "token-12 user-2\n", []string{}},
		"two required rules, of which both": {`regex='token-([0-9]+)'` + "\n[[rules.required]]\nid='y'\n[[rules.required]]\nid='z'\n[[rules]]\nid='y'\nregex='user-[0-9]+'\nskipReport=true\n[[rules]]\nid='z'\nregex='host-[0-9]+'\nskipReport=true", "", "host-1 token-12 user-2\n", []string{"12"}},
	} {
		t.Run(name, func(t *testing.T) {
			rules, problems := load(t, "[[rules]]\nid='x'\n"+c.rule)
			for _, p := range problems {
				if p.Dropped {
					t.Error(p)
				}
			}
			want := []string{}
			for _, v := range c.want {
				want = append(want, "x: "+v)
			}
			if diff := cmp.Diff(want, found(t, rules, c.path, c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestExtending: files over files, the built-in rules, and what may be said of them.
func TestExtending(t *testing.T) {
	base := map[string]string{
		"etc/base.toml":     "[[rules]]\nid='a'\ndescription='base'\nregex='alpha-[0-9]+'\nkeywords=['alpha-']\n[[rules.allowlists]]\nstopwords=['77']\n[[rules]]\nid='b'\nregex='bravo-[0-9]+'\n[[allowlists]]\nstopwords=['88']",
		"etc/chain/1.toml":  "[extend]\npath='2.toml'\n[[rules]]\nid='one'\nregex='uniform-[0-9]+'",
		"etc/chain/2.toml":  "[extend]\npath='3.toml'\n[[rules]]\nid='two'\nregex='doubles-[0-9]+'",
		"etc/chain/3.toml":  "[[rules]]\nid='three'\nregex='triples-[0-9]+'",
		"/abs/olute.toml":   "[[rules]]\nid='a'\nregex='absolute-[0-9]+'",
		"etc/builtins.toml": "[extend]\nuseDefault=true\n",
	}
	for name, c := range map[string]struct {
		src, text      string
		want, problems []string
	}{
		"no built-in rules unasked":           {"[[rules]]\nid='x'\nregex='xray-[0-9]+'", "acme-12345678", []string{}, nil},
		"the built-in rules":                  {"[extend]\nuseDefault=true", "acme-12345678", []string{"acme-token: acme-12345678"}, nil},
		"the built-in rules through a file":   {"[extend]\npath='builtins.toml'", "acme-12345678", []string{"acme-token: acme-12345678"}, nil},
		"another pattern for a built-in":      {"[extend]\nuseDefault=true\n[[rules]]\nid='acme-token'\nregex='acme2-[0-9]+'", "acme-12345678 acme2-12", []string{"acme-token: acme2-12"}, nil},
		"an allow-list for a built-in":        {"[extend]\nuseDefault=true\n[[rules]]\nid='acme-token'\n[[rules.allowlists]]\nregexes=['5678$']", "acme-12345678 acme-12345679", []string{"acme-token: acme-12345679"}, nil},
		"an entropy for a built-in":           {"[extend]\nuseDefault=true\n[[rules]]\nid='acme-token'\nentropy=3", "acme-12345678 acme-11111111", []string{"acme-token: acme-12345678"}, nil},
		"a path for a built-in":               {"[extend]\nuseDefault=true\n[[rules]]\nid='acme-token'\npath='^etc/'", "acme-12345678", []string{}, nil},
		"a disabled built-in":                 {"[extend]\nuseDefault=true\ndisabledRules=['acme-token']", "acme-12345678", []string{}, nil},
		"a disabled rule that is not ours":    {"[extend]\nuseDefault=true\ndisabledRules=['generic-api-key']", "", []string{}, []string{`rules.toml:3:1: the disabled rule "generic-api-key" is not one of those extended`}},
		"more for a rule that is not ours":    {"[extend]\nuseDefault=true\n[[rules]]\nid='generic-api-key'\n[[rules.allowlists]]\nstopwords=['x']", "", []string{}, []string{"rules.toml:3:3: rule generic-api-key does not run: it has neither regex nor path, and there is no built-in rule of its name that it could extend"}},
		"a target that is not ours":           {"[extend]\nuseDefault=true\n[[allowlists]]\ntargetRules=['generic-api-key']\nstopwords=['x']", "", []string{}, []string{`rules.toml:4:1: the target rule "generic-api-key" does not exist here, where useDefault stands for the built-in rules`}},
		"what a built-in can't take":          {"[extend]\nuseDefault=true\n[[rules]]\nid='acme-token'\nsecretGroup=1\nkeywords=['x']", "", []string{}, []string{"rules.toml:5:1: rule acme-token: secretGroup has no effect on a built-in rule without a regex of its own", "rules.toml:6:1: rule acme-token: keywords have no effect on a built-in rule without a regex of its own"}},
		"a file":                              {"[extend]\npath='base.toml'", "alpha-1 bravo-2 bravo-88", []string{"a: alpha-1", "b: bravo-2"}, nil},
		"a file by its whole path":            {"[extend]\npath='/abs/olute.toml'", "absolute-1", []string{"a: absolute-1"}, nil},
		"a rule over a file's":                {"[extend]\npath='base.toml'\n[[rules]]\nid='a'\nregex='apple-[0-9]+'", "alpha-1 apple-2 apple-77", []string{}, nil},
		"an allow-list over a file's":         {"[extend]\npath='base.toml'\n[[rules]]\nid='a'\n[[rules.allowlists]]\nstopwords=['66']", "alpha-1 alpha-66 alpha-77", []string{"a: alpha-1"}, nil},
		"a target in a file":                  {"[extend]\npath='base.toml'\n[[allowlists]]\ntargetRules=['a']\nstopwords=['1']", "alpha-1 bravo-1", []string{"b: bravo-1"}, nil},
		"a disabled rule of a file":           {"[extend]\npath='base.toml'\ndisabledRules=['a']", "alpha-1 bravo-2", []string{"b: bravo-2"}, nil},
		"two files behind the first":          {"[extend]\npath='chain/1.toml'", "uniform-1 doubles-2 triples-3", []string{"one: uniform-1", "two: doubles-2"}, []string{"etc/chain/2.toml:1:2: it is not extended: only 2 files are followed behind the first, as in gitleaks"}},
		"an address":                          {"[extend]\nurl='https://example.com/x.toml'", "", []string{}, []string{"rules.toml:2:1: extend.url is not followed; save that file and name it as extend.path"}},
		"disabled rules of nothing":           {"[extend]\ndisabledRules=['x']", "", []string{}, []string{"rules.toml:2:1: extend.disabledRules has no effect without useDefault or path"}},
		"a rule that requires a disabled one": {"[extend]\npath='pair.toml'\ndisabledRules=['q']", "", []string{}, []string{`etc/pair.toml:4:1: rule p does not run: the rule "q", which it requires, is disabled or can't be applied around a match`}},
	} {
		t.Run(name, func(t *testing.T) {
			base["etc/pair.toml"] = "[[rules]]\nid='p'\nregex='papa-[0-9]+'\nrequired=[{id='q'}]\n[[rules]]\nid='q'\nregex='quebec-[0-9]+'"
			rules, problems, err := Load("etc/rules.toml", []byte(c.src), ours(), files(base))
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, p := range problems {
				list = append(list, strings.Replace(p.String(), "etc/rules.toml", "rules.toml", 1))
			}
			if diff := cmp.Diff(c.problems, list); diff != "" {
				t.Error(diff)
			}
			if name == "a rule over a file's" {
				// Its keywords are those of both, and one must stand in the file.
				if diff := cmp.Diff([]string{"a: apple-2"}, found(t, rules, "x", c.text)); diff != "" {
					t.Error(diff)
				}
				return
			}
			if diff := cmp.Diff(c.want, found(t, rules, "x", c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestProblemsAreTold: what does not run or means less is said with its place.
func TestProblemsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		src  string
		want []string
	}{
		"an unknown key":            {"[[rules]]\nid='x'\nkeyword=['a']\nregex='token-[0-9]+'", []string{`r:3:1: the key "rules.keyword" is unknown and has no effect`}},
		"an unknown table":          {"[[rule]]\nid='x'\nregex='y'", []string{`r:1:3: the key "rule" is unknown and has no effect`}},
		"an unknown inline key":     {"extend={path2='x'}", []string{`r:1:9: the key "extend.path2" is unknown and has no effect`}},
		"an unknown key in a list":  {"allowlists=[{stopwords=['x'],stop=1}]", []string{`r:1:30: the key "allowlists.stop" is unknown and has no effect`}},
		"a newer version":           {"minVersion='v9.0'", []string{"r:1:1: it asks for gitleaks v9.0, while the format of 8.30.1 is what is read here"}},
		"an older version":          {"minVersion='8.25.0'", nil},
		"a lookahead":               {"[[rules]]\nid='x'\nregex='a(?=b)'", []string{"r:3:1: rule x does not run: no RE2 expression: invalid or unsupported Perl syntax: `(?=`"}},
		"a path that is none":       {"[[rules]]\nid='x'\npath='a('", []string{"r:3:1: rule x does not run: no RE2 expression: missing closing ): `a(`"}},
		"an expression too large":   {"[[rules]]\nid='x'\nregex='token(?:a{1000}[bc]{999}){40}'", []string{"r:3:1: rule x does not run: no RE2 expression: invalid repeat count: `{40}`"}},
		"many words too large":      {"[[rules]]\nid='x'\nregex='token(?:" + strings.Repeat("a.b", 50) + "x){1000}'", []string{"r:3:1: rule x does not run: the expression is too large when its repetitions are written out"}},
		"nothing to look for":       {"[[rules]]\nid='x'\nregex='[0-9]{9}'", []string{"r:3:1: rule x does not run: nothing that stands in every match of its regex can be looked for, and it has no keywords"}},
		"a keyword too short":       {"[[rules]]\nid='x'\nregex='[0-9]{9}'\nkeywords=['ab']", []string{`r:3:1: rule x does not run: nothing that stands in every match of its regex can be looked for, and its keyword "ab" is shorter than 3 bytes`}},
		"a literal for word starts": {"[[rules]]\nid='x'\nregex='key[:=]*\\d{9}'", []string{`r:1:3: rule x: ["key"] is found only where no letter, digit or underscore precedes it, being too short to look for at every place`}},
		"commits":                   {"[[allowlists]]\ncommits=['a']\n[[allowlists]]\ncommits=['b']", []string{"r:2:1: commits in allow-lists have no meaning for an image; here and wherever else they stand they allow nothing"}},
		"an allow-list not RE2":     {"[[rules]]\nid='x'\nregex='token-[0-9]+'\n[[rules.allowlists]]\nregexes=['a', '(?<!x)']", []string{"r:5:15: rule x: the allow-list is left out: no RE2 expression: invalid named capture: `(?<!x)`"}},
		"a rule twice":              {"[[rules]]\nid='x'\nregex='token-[0-9]+'\n[[rules]]\nid='x'\nregex='taken-[0-9]+'", []string{"r:4:3: rule x: it stands here again; the last one counts, as in gitleaks"}},
		"a severity":                {"[[rules]]\nid='x'\nregex='token-[0-9]+'\ntags=['severity:awful','confidence:sure','confidence:certain','severity:low']", []string{`r:4:1: rule x: the tag "severity:awful" names no severity`, `r:4:1: rule x: the tag "confidence:sure" names no confidence`}},
		"a file and another rule":   {"[[rules]]\nid='x'\npath='x$'\nrequired=[{id='y'}]\n[[rules]]\nid='y'\nregex='token-[0-9]+'", []string{"r:4:1: rule x does not run: a rule about files as such can't require another"}},
		"a required rule that can't be": {"[[rules]]\nid='x'\nregex='token-[0-9]+'\nrequired=[{id='y'}]\n[[rules]]\nid='y'\npath='x$'", []string{
			`r:4:1: rule x does not run: the rule "y", which it requires, is disabled or can't be applied around a match`,
		}},
		"a skipped rule that can't be": {"[[rules]]\nid='x'\nskipReport=true\nregex='(?=x)'", []string{"r:4:1: rule x does not run: no RE2 expression: invalid or unsupported Perl syntax: `(?=`"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems, err := Load("r", []byte(c.src), ours(), nil)
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, p := range problems {
				list = append(list, p.String())
			}
			if diff := cmp.Diff(c.want, list); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestInvalidFilesAreRefused with their place.
func TestInvalidFilesAreRefused(t *testing.T) {
	const rule = "[[rules]]\nid='x'\nregex='token-[0-9]+'\n"
	for name, c := range map[string]struct{ src, want string }{
		"syntax":                         {"title = \n", "r:1:9: unexpected character U+000A at start of value"},
		"a string for a number":          {"[[rules]]\nentropy='x'", "r:2:9: rules.entropy: the string is not what belongs here, a number"},
		"a number for a string":          {"[[rules]]\nid=1", "r:2:4: rules.id: the integer is not what belongs here, a string"},
		"a string for a list":            {"[[rules]]\nkeywords='x'", "r:2:10: rules.keywords: the string is not what belongs here, a list of strings"},
		"a string for a whole number":    {"[[rules]]\nsecretGroup='x'", "r:2:13: rules.secretGroup: the string is not what belongs here, a whole number"},
		"a string for a truth":           {"[extend]\nuseDefault='x'", "r:2:12: extend.useDefault: the string is not what belongs here, true or false"},
		"a number for tables":            {"rules=1", "r:1:7: rules: the integer is not what belongs here, a list of tables"},
		"a number for a table":           {"extend=1", "r:1:8: extend: the integer is not what belongs here, a table"},
		"a key twice":                    {"title='a'\ntitle='b'", "r:2:1: title: key title is already defined"},
		"no id":                          {"[[rules]]\nregex='a'", "r:1:3: the rule has no id"},
		"an id of spaces":                {"[[rules]]\nid=' '", "r:2:1: the rule has no id"},
		"an id that can't be shown":      {"[[rules]]\nid=\"a\\u001b[1m\"", "r:2:1: an id is at most 200 bytes that can be printed"},
		"neither regex nor path":         {"[[rules]]\nid='x'", "r:1:3: rule x has neither regex nor path"},
		"neither, and skipped":           {"[[rules]]\nid='x'\nskipReport=true", "r:1:3: rule x has neither regex nor path"},
		"a group that is not there":      {rule + "secretGroup=1", "r:4:1: rule x: secretGroup is 1, and its regex has 0 groups"},
		"a negative group":               {rule + "secretGroup=-1", "r:4:1: rule x: secretGroup is negative"},
		"an endless entropy":             {rule + "entropy=inf", "r:4:1: rule x: entropy is not a number to compare with"},
		"an empty allow-list":            {rule + "[[rules.allowlists]]\ndescription='x'", "r:4:9: an allow-list names at least one of commits, paths, regexes and stopwords"},
		"an empty global allow-list":     {"[allowlist]\ndescription='x'", "r:1:2: an allow-list names at least one of commits, paths, regexes and stopwords"},
		"an unknown condition":           {rule + "[[rules.allowlists]]\ncondition='XOR'\nstopwords=['a']", `r:5:1: unknown condition "XOR"; it is AND or OR`},
		"an unknown target of regexes":   {"[[allowlists]]\nregexTarget='file'\nregexes=['a']", `r:2:1: unknown regexTarget "file"; it is secret, match or line`},
		"both forms of allow-lists":      {rule + "[rules.allowlist]\nstopwords=['a']\n[[rules.allowlists]]\nstopwords=['b']", "r:4:8: rule x: [rules.allowlist] and [[rules.allowlists]] can't stand in one rule; write [[rules.allowlists]] alone"},
		"both forms of global ones":      {"[allowlist]\nstopwords=['a']\n[[allowlists]]\nstopwords=['b']", "r:1:2: [allowlist] and [[allowlists]] can't stand in one file; write [[allowlists]] alone"},
		"an unknown target rule":         {"[[allowlists]]\ntargetRules=['y']\nstopwords=['b']", `r:2:1: the target rule "y" does not exist`},
		"an unknown required rule":       {rule + "[[rules.required]]\nid='y'", `r:4:9: rule x requires the rule "y", which this file does not have`},
		"a required rule without a name": {rule + "[[rules.required]]\nwithinLines=3", "r:4:9: rule x: a required rule has no id"},
		"a version that is none":         {"minVersion='new'", `r:1:1: minVersion "new": it is no version such as 8.25.0`},
		"path and useDefault":            {"[extend]\npath='a'\nuseDefault=true", "r:1:2: extend.path and extend.useDefault exclude each other"},
		"a file that can't be read":      {"[extend]\npath='a'", "r:2:1: read the file that it extends: open a: no such file"},
		"a path that is none":            {"[extend]\npath=\"a\\u0000b\"", "r:2:1: this is no path of a file"},
		"a file that is invalid":         {"[extend]\npath='bad'", "bad:1:7: a = 1 is no key"},
		"itself":                         {"[extend]\npath='r'", ""},
		"too much":                       {"#" + strings.Repeat("x", maxBytes), "r: rule files of more than 2097152 bytes are not read"},
		"too many rules":                 {strings.Repeat("[[rules]]\nid='x'\nregex='a'\n", maxRules+1), "r:1:3: more than 5000 rules"},
		"too many conditions":            {"[[allowlists]]\nstopwords=[" + strings.Repeat("'a',", maxConditions) + "'b']", "r:1:3: more than 50000 conditions in allow-lists"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Load("r", []byte(c.src), ours(), files(map[string]string{"bad": "title='", "r": c.src}))
			switch {
			case name == "itself":
				if err != nil {
					t.Errorf("extending itself ends by depth, not as %v", err)
				}
			case err == nil:
				t.Error("no error")
			case name == "a file that is invalid":
				if !strings.HasPrefix(err.Error(), "bad:1:") {
					t.Error(err)
				}
			case err.Error() != c.want:
				t.Errorf("error\n%s, want\n%s", err, c.want)
			}
		})
	}
}

// TestEntropyIsExclusive: gitleaks refuses what has just the entropy named.
func TestEntropyIsExclusive(t *testing.T) {
	if e := above(3); e <= 3 || e > 3.0000001 {
		t.Error(e)
	}
	if above(0) != 0 || above(-1) != 0 || math.IsInf(above(8), 0) {
		t.Error("no bound is none")
	}
}

// TestReadingIsTheCallers: without a way to open files none is extended.
func TestReadingIsTheCallers(t *testing.T) {
	_, _, err := Load("r", []byte("[extend]\npath='a'"), nil, nil)
	if err == nil || err.Error() != "r:2:1: other files can't be extended here" {
		t.Error(err)
	}
	refused := errors.New("refused")
	_, _, err = Load("r", []byte("[extend]\npath='a'"), nil, func(string) ([]byte, error) { return nil, refused })
	if !errors.Is(err, refused) {
		t.Error(err)
	}
}

// FuzzLoad: no file makes reading or running its rules fail otherwise than by an error.
func FuzzLoad(f *testing.F) {
	src, err := os.ReadFile("testdata/umbrella.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src, []byte("db_user = umb_shop\ndb_password = 'k2j4h5g6f7' umb_live_k2j4h5g6f7d8s9a0q1w2e3r4"))
	f.Add([]byte("[[rules]]\nid='x'\nregex='(?i)\\b(a|b(c|d)?)tok-{1,3}(?:^x|$)+'\nkeywords=['tok','vault']"), []byte("btok-x vault"))
	f.Add([]byte("[[rules]]\nid='x'\nregex='[a-z]{4}[0-9]'\nkeywords=['word']\n[[rules]]\nid='y'\npath='.'"), []byte("word abcd1"))
	f.Add([]byte("# no rules"), []byte("000"))
	f.Fuzz(func(t *testing.T, src, text []byte) {
		rules, _, err := Load("fuzz.toml", src, ours(), func(string) ([]byte, error) { return src, nil })
		if err != nil {
			return
		}
		e, err := secret.NewEngine(rules)
		if err != nil {
			t.Fatalf("rules that the engine refuses: %v", err)
		}
		e.File("etc/x")
		if len(e.Words()) == 0 {
			return
		}
		set, err := keyword.New(e.Words())
		if err != nil {
			t.Fatal(err)
		}
		s := e.Begin("etc/x")
		set.Find(text, 0, len(text), func(word, at int) bool {
			s.Keyword(text, 0, word, at)
			return true
		})
		s.Hits()
	})
}
