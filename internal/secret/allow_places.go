package secret

import "strings"

// manner is how text of a file is written, which says what an assignment looks
// like in it and how much a value in it means.
type manner int

const (
	// unknown: no name tells; compiled programs among them.
	unknown manner = iota
	// settings hold bare values: environment, properties, INI, YAML, shell, images' configuration.
	settings
	// data holds quoted values only: JSON, XML.
	data
	// source is program text, whose values are quoted.
	source
	// prose is written for people.
	prose
	// packed is program text that a tool has written: minified, source maps.
	packed
)

// mannerOf reads the manner from a path; "" is an image's configuration.
func mannerOf(path string) manner {
	if path == "" {
		return settings
	}
	base := path[strings.LastIndexByte(path, '/')+1:]
	lower := strings.ToLower(base)
	ext := lower[strings.LastIndexByte(lower, '.')+1:]
	if len(ext) == len(lower) {
		ext = ""
	}
	switch ext {
	case "md", "markdown", "rst", "txt", "html", "htm", "xhtml", "adoc", "asciidoc", "po", "pot", "mo", "pod", "tex", "texi", "info",
		"1", "2", "3", "4", "5", "6", "7", "8", "svg", "css", "scss", "less", "rdoc", "mdx", "xlf", "xliff", "resx", "strings", "ftl", "arb",
		"3pm", "1p", "csv", "tsv", "lisp", "el", "vim", "hlp", "dtd", "xsd", "rng", "wsdl", "patch", "diff":
		return prose
	case "map", "snap", "wasm":
		return packed
	case "json", "xml", "ipynb", "plist", "config", "json5", "jsonc", "webmanifest", "har":
		return data
	case "env", "properties", "yml", "yaml", "ini", "cfg", "conf", "cnf", "toml", "npmrc", "yarnrc", "pypirc", "netrc", "tfvars", "tf", "hcl",
		"sh", "bash", "zsh", "ksh", "fish", "bashrc", "profile", "zshrc", "bash_profile", "bat", "cmd", "service",
		"sql", "envrc", "s3cfg", "boto", "passwd", "local", "production", "prod", "staging", "development", "dockerfile", "rc", "desktop",
		"bash_history", "zsh_history", "history", "credentials", "secret", "secrets", "settings", "credential", "vars", "flaskenv", "list", "sources":
		return settings
	case "js", "mjs", "cjs", "ts", "tsx", "jsx", "vue", "svelte":
		if strings.Contains(lower, ".min.") || strings.Contains(lower, "-min.") || strings.Contains(lower, "bundle") || strings.Contains(lower, "chunk") {
			return packed
		}
		return source
	case "py", "rb", "php", "go", "java", "kt", "kts", "scala", "groovy", "gradle", "cs", "vb", "fs", "c", "h", "cc", "cpp", "cxx", "hpp", "hh",
		"rs", "pl", "pm", "t", "lua", "swift", "m", "mm", "ex", "exs", "erl", "hrl", "clj", "cljs", "r", "jl", "dart", "pyi", "phtml", "erb", "pyx",
		"inc", "jsp", "asp", "aspx", "cshtml", "coffee", "tcl", "awk", "d", "s", "asm", "nim", "zig", "ps1", "psm1", "ml", "mli", "hs", "rake", "gemspec", "tmpl", "tpl", "ejs", "hbs",
		"proto", "graphql", "j2", "jinja2", "jinja", "template", "mk", "cmake", "am", "ac", "m4":
		return source
	}
	switch {
	case strings.HasPrefix(lower, ".env"), strings.HasPrefix(lower, "dockerfile"), strings.HasPrefix(lower, "."), strings.HasPrefix(lower, "docker-compose"):
		return settings
	}
	switch lower {
	case "credentials", "config", "settings", "environment", "environ", "secrets", "passwd", "password", "secret", "token", "containerfile", "crontab", "envfile", "env":
		return settings
	case "makefile", "rakefile", "gemfile", "jenkinsfile", "vagrantfile":
		return source
	case "readme", "changelog", "changes", "news", "license", "copying", "copyright", "authors", "history", "todo", "thanks", "install", "notice":
		return prose
	}
	if strings.HasPrefix(lower, "readme") || strings.HasPrefix(lower, "changelog") || strings.HasPrefix(lower, "changes") {
		return prose
	}
	return unknown
}

// exampleFolders are the names of folders of examples, documentation and test data.
func exampleFolder(name string) bool {
	switch name {
	case "test", "tests", "testing", "testdata", "test-data", "test_data", "__tests__", "__test__", "__mocks__", "__fixtures__", "__snapshots__",
		"mock", "mocks", "spec", "specs", "fixture", "fixtures", "example", "examples", "sample", "samples", "demo", "demos", "doc", "docs", "documentation",
		"man", "locale", "locales", "i18n", "l10n", "lang", "langs", "translations", "benchmark", "benchmarks", "benches", "e2e", "cypress", "storybook",
		"tutorial", "tutorials", "site-docs", "unittests", "unit_tests", "integration_tests", "functional_tests", "testutil", "testutils", "testsuite",
		"testlib", "test_utils", "molecule", "vectors", "wycheproof", "help", "manual", "javadoc", "gtk-doc", "doc-base", "info", "examplefiles":
		return true
	}
	return strings.HasSuffix(name, "-tests") || strings.HasSuffix(name, "_tests") || strings.HasSuffix(name, "-test") || strings.HasSuffix(name, "_test") ||
		strings.HasSuffix(name, "-examples") || strings.HasSuffix(name, "-docs") || strings.HasPrefix(name, "test_") || strings.HasPrefix(name, "test-")
}

// exampleFile reports base names, in lower case, of tests, documentation and what
// tools write from other files.
func exampleFile(name string) bool {
	for _, end := range [...]string{
		"_test.go", "_test.py", "_tests.py", "_spec.rb", "_test.rb", ".md", ".markdown", ".rst", ".adoc", ".mdx", ".rdoc", ".pod", ".po", ".pot",
		".min.js", ".map", ".d.ts", ".d.mts", ".d.cts", ".snap", ".sample", ".example", ".dist", ".tmpl", ".template", ".tpl", "test.java", "tests.java", "test.kt", "tests.cs", "test.php",
		".doc", ".texi", ".rst.txt", ".in", ".pyi", ".dist.php", ".sample.php",
	} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	if name == "platform_root_key.pem" {
		// Go's crypto/x509 tests the verifiers of operating systems with it.
		return true
	}
	for _, part := range [...]string{".test.", ".spec.", ".tests.", ".e2e.", ".stories.", ".mock.", ".fixture.", "-test.", "-spec.", ".example.", ".examples.", ".sample.", ".samples.", "example.", "sample.", "-example", ".min."} {
		if strings.Contains(name, part) {
			return true
		}
	}
	for _, start := range [...]string{"test_", "test-", "test.", "tests.", "readme", "changelog", "changes", "history.", "news", "messages_", "conftest.py", "mock_", "example"} {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// samplePlace reports the places of examples, tests, translations and documentation.
func samplePlace(path string) bool {
	if path == "" {
		return false
	}
	path = strings.ToLower(path)
	for {
		folder, rest, more := strings.Cut(path, "/")
		if !more {
			return exampleFile(folder)
		}
		if exampleFolder(folder) {
			return true
		}
		path = rest
	}
}

// sharedLibrary reports the libraries that systems load: what they hold is the same
// in every copy of their package.
func sharedLibrary(path string) bool {
	base := path[strings.LastIndexByte(path, '/')+1:]
	return strings.HasPrefix(base, "lib") && (strings.HasSuffix(base, ".so") || strings.Contains(base, ".so."))
}
