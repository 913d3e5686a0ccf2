package hygiene

import (
	"maps"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/dockerfile"
)

// fetch is one download by curl or wget.
type fetch struct {
	command *dockerfile.Command
	urls    []dockerfile.Word
	// output is the file that is written; "-" for standard output, empty where
	// nothing says.
	output string
	// flags are the options without their values, short ones taken out of clusters.
	flags map[string]bool
}

// Options of curl and wget that take a value (curl(1), wget(1)).
const (
	curlShort = "oHdAuXbceFmTwxKECrzyYDPQhU"
	curlLong  = " output header data data-raw data-binary data-urlencode user-agent user request cookie cookie-jar referer form max-time upload-file write-out proxy config " +
		"retry retry-delay retry-max-time connect-timeout cacert capath cert key resolve continue-at output-dir max-redirs proto proto-redir proto-default limit-rate range " +
		"time-cond ciphers tls-max noproxy interface unix-socket speed-limit speed-time dump-header proxy-user proxy-header oauth2-bearer connect-to cert-type pass json stderr "
	wgetShort = "OPoaetTUiwQBlDRAIX"
	wgetLong  = " output-document directory-prefix output-file append-output execute tries timeout user-agent input-file wait quota base header user password http-user " +
		"http-password post-data post-file referer ca-certificate ca-directory certificate private-key progress level limit-rate waitretry retry-on-http-error dns-timeout " +
		"connect-timeout read-timeout default-page accept reject domains exclude-domains secure-protocol method body-data save-cookies load-cookies "
)

// fetches lists the downloads of every RUN.
func fetches(l *Lint) []fetch {
	var all []fetch
	for _, c := range l.Commands("curl", "wget") {
		all = append(all, fetchOf(c))
	}
	return all
}

// fetchOf reads the options of curl or wget.
func fetchOf(c *dockerfile.Command) fetch {
	short, long, output := curlShort, curlLong, "o"
	if c.Name == "wget" {
		short, long, output = wgetShort, wgetLong, "O"
	}
	f := fetch{command: c, flags: map[string]bool{}}
	value := func(name string, w dockerfile.Word, text string) {
		switch name {
		case output, "output", "output-document":
			f.output = text
		case "url":
			w.Text = text
			f.urls = append(f.urls, w)
		}
	}
	for i := 0; i < len(c.Args); i++ {
		w := c.Args[i]
		switch text := w.Text; {
		case strings.HasPrefix(text, "--"):
			name, v, inline := strings.Cut(text[2:], "=")
			f.flags["--"+name] = true
			switch {
			case inline:
				value(name, w, v)
			case i+1 < len(c.Args) && (name == "url" || strings.Contains(long, " "+name+" ")):
				i++
				value(name, c.Args[i], c.Args[i].Text)
			}
		case len(text) > 1 && text[0] == '-':
			for k := 1; k < len(text); k++ {
				if c.Name == "wget" && text[k] == 'n' && k+1 < len(text) {
					f.flags["-"+text[k:k+2]] = true
					k++
					continue
				}
				f.flags["-"+text[k:k+1]] = true
				if strings.IndexByte(short, text[k]) < 0 {
					continue
				}
				if v := text[k+1:]; v != "" {
					value(text[k:k+1], w, strings.TrimPrefix(v, "="))
				} else if i+1 < len(c.Args) {
					i++
					value(text[k:k+1], c.Args[i], c.Args[i].Text)
				}
				break
			}
		default:
			f.urls = append(f.urls, w)
		}
	}
	if f.output == "" || f.output == "-" || f.output == "/dev/stdout" {
		if to := redirected(c); to != "" {
			f.output = to
		}
	}
	return f
}

// redirected is the file that a command's standard output goes to; "" for none.
func redirected(c *dockerfile.Command) string {
	if c.Statement == nil {
		return ""
	}
	for _, r := range c.Statement.Redirs {
		if (r.N == nil || r.N.Value == "1") && r.Word != nil {
			switch r.Op {
			case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
				return literal(r.Word)
			}
		}
	}
	return ""
}

// literal is a word's text as far as it is written out; what is not reads "$".
func literal(w *syntax.Word) string {
	var b strings.Builder
	var parts func([]syntax.WordPart)
	parts = func(list []syntax.WordPart) {
		for _, p := range list {
			switch p := p.(type) {
			case *syntax.Lit:
				b.WriteString(p.Value)
			case *syntax.SglQuoted:
				b.WriteString(p.Value)
			case *syntax.DblQuoted:
				parts(p.Parts)
			default:
				b.WriteByte('$')
			}
		}
	}
	parts(w.Parts)
	return b.String()
}

// saves tells whether something of the download is kept in a file, or unpacked.
func (f *fetch) saves() bool {
	c := f.command
	if f.flags["-I"] || f.flags["--head"] || f.flags["--spider"] || f.output == "/dev/null" {
		return false
	}
	if _, ok := c.PipesInto("tar", "bsdtar", "unzip", "cpio", "gunzip", "gzip", "xz", "unxz", "zcat", "bunzip2", "tee", "dpkg", "rpm2cpio", "7z", "zstd", "funzip"); ok {
		return true
	}
	if len(c.Pipe) > c.At+1 {
		return false
	}
	if c.Name == "wget" {
		return f.output != "-" && f.output != "/dev/stdout"
	}
	return f.output != "" && f.output != "-" || f.flags["-O"] || f.flags["--remote-name"] || f.flags["--remote-name-all"]
}

// file is the name of what is written, as far as it is known.
func (f *fetch) file() string {
	if f.output != "" && f.output != "-" {
		return f.output
	}
	if t, ok := f.command.PipesInto("tee"); ok {
		if o := t.Operands(); len(o) > 0 {
			return o[0].Text
		}
	}
	if len(f.urls) > 0 {
		u, _, _ := strings.Cut(f.urls[0].Text, "?")
		return path.Base(u)
	}
	return ""
}

// remote is the first address that is no machine of one's own; ok is false where
// there is none.
func (f *fetch) remote() (dockerfile.Word, bool) {
	for _, u := range f.urls {
		if u.Text != "" && !ownHost(hostOf(u.Text)) && !strings.HasPrefix(u.Text, "file:") {
			return u, true
		}
	}
	return dockerfile.Word{}, false
}

// hostOf is the host of an address, "" where it is not known.
func hostOf(address string) string {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	if u, err := url.Parse(address); err == nil && !strings.ContainsAny(u.Host, "${}`") {
		return strings.ToLower(u.Hostname())
	}
	return ""
}

// ownHost tells the machine itself, private addresses, and names that no public
// name server knows (RFC 6761, RFC 6762 and what Docker adds).
func ownHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	return host != "" && (!strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") ||
		strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".test"))
}

// shownURL is an address for a message: without credentials and query, short.
func shownURL(address string) string {
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	if scheme, rest, ok := strings.Cut(address, "://"); ok {
		host, tail, _ := strings.Cut(rest, "/")
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = host[i+1:]
		}
		address = scheme + "://" + host
		if tail != "" {
			address += "/" + tail
		}
	}
	return short(address)
}

// short cuts a text for a message.
func short(s string) string {
	const longest = 100
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return s
}

// verifies tells a command that holds a file against a checksum or a signature.
func verifies(c *dockerfile.Command) bool {
	switch c.Name {
	case "md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shasum", "b2sum", "b3sum", "sha1", "sha256", "sha512",
		"gpgv", "gpgv2", "minisign", "signify", "slsa-verifier", "jarsigner", "rpmkeys", "sq", "sqv":
		return true
	case "gpg", "gpg2":
		return c.HasFlag("--verify", "--verify-files")
	case "cosign", "notation", "gh":
		return slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool { return strings.HasPrefix(w.Text, "verify") })
	case "openssl":
		return c.Has("dgst", "sha256", "sha512", "cms", "smime")
	case "rpm":
		return c.HasFlag("-K", "--checksig")
	case "cksum":
		return c.HasFlag("-c", "--check")
	}
	name := strings.ToLower(c.Name)
	return strings.Contains(name, "verify") || strings.Contains(name, "checksum")
}

// proofs are the RUNs that verify something, by stage.
type proofs struct {
	stages map[*dockerfile.Stage][]proof
	// asked counts the searches for a name, which are bounded.
	asked int
}

type proof struct {
	index int
	text  string
}

func proofsOf(l *Lint) *proofs {
	const longest = 16 << 10
	p := &proofs{stages: map[*dockerfile.Stage][]proof{}}
	for _, in := range l.All("run") {
		if slices.ContainsFunc(in.Commands(), verifies) {
			text := in.Args.String
			for _, h := range in.Heredocs {
				text += h.Text.String
			}
			p.stages[in.Stage] = append(p.stages[in.Stage], proof{in.Index, text[:min(len(text), longest)]})
		}
	}
	return p
}

// hold tells whether a file that an instruction fetches is verified: in the same
// instruction, or in a later one of the stage that names it.
func (p *proofs) hold(in *dockerfile.Instruction, name string) bool {
	const mostSearches, mostLater = 2000, 20
	list := p.stages[in.Stage]
	i, same := slices.BinarySearchFunc(list, in.Index, func(p proof, index int) int { return p.index - index })
	if same {
		return true
	}
	name = path.Base(name)
	if p.asked++; len(name) < 3 || strings.ContainsAny(name, "$*") || p.asked > mostSearches {
		return false
	}
	return slices.ContainsFunc(list[i:min(len(list), i+mostLater)], func(p proof) bool { return strings.Contains(p.text, name) })
}

// setting is a variable that is given a value, by ENV or ARG or within a RUN.
type setting struct {
	in          *dockerfile.Instruction
	name, value string
	// from and to bound where it stands in text.
	text     dockerfile.Text
	from, to int
	place    dockerfile.Range
}

// at is where it stands; places of thousands of variables are found for those that
// are reported alone.
func (s *setting) at() dockerfile.Range {
	if s.to > 0 {
		return s.text.Range(s.from, s.to)
	}
	return s.place
}

// settings lists them; a value that is given when the image is built is left out.
func settings(l *Lint) []setting {
	if l.settings == nil {
		l.settings = readSettings(l)
	}
	return l.settings
}

func readSettings(l *Lint) []setting {
	all := []setting{}
	for _, in := range l.All("env", "arg") {
		for _, p := range in.Pairs() {
			if !p.Set {
				continue
			}
			v, _ := in.Expand(p.Value)
			all = append(all, setting{in: in, name: p.Name, value: v, text: p.Text, to: len(p.Text.String)})
		}
	}
	for _, s := range l.scripts() {
		for _, a := range s.assigns {
			if a.Name != nil && a.Value != nil {
				x := setting{in: s.Instruction, name: a.Name.Value, value: literal(a.Value), text: s.Text, from: int(a.Pos().Offset()), to: int(a.End().Offset())}
				if s.Nested {
					x.to, x.place = 0, s.Range(a.Pos(), a.End())
				}
				all = append(all, x)
			}
		}
	}
	for _, in := range l.All("run", "cmd", "entrypoint") {
		for _, c := range in.Commands() {
			if slices.Contains(c.Through, "env") {
				for _, name := range slices.Sorted(maps.Keys(c.Assigned)) {
					all = append(all, setting{in: in, name: name, value: c.Assigned[name], place: c.Range()})
				}
			}
		}
	}
	return all
}

// isOff and isOn read the ways in which programs let a switch be written.
func isOff(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "0", "false", "no", "off", "n", "f", "never":
		return true
	}
	return false
}

func isOn(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "true", "yes", "on", "y", "t":
		return true
	}
	return false
}

// written is text that a RUN or COPY writes into files: what echo, printf and sed
// are given, and documents.
type written struct {
	in   *dockerfile.Instruction
	text string
	at   dockerfile.Range
}

func writtenTexts(l *Lint) []written {
	var all []written
	for _, c := range l.Commands("echo", "printf", "sed") {
		for _, a := range c.Args {
			all = append(all, written{c.Instruction, a.Text, a.Range})
		}
	}
	for _, in := range l.All("run", "copy") {
		for _, h := range in.Heredocs {
			if in.Keyword == "copy" || len(in.Scripts()) == 0 || len(in.Args.Words()) > 1 {
				all = append(all, written{in, h.Text.String, in.Range()})
				continue
			}
			for _, s := range in.Scripts() {
				if s.File == nil {
					continue
				}
				syntax.Walk(s.File, func(n syntax.Node) bool {
					if r, ok := n.(*syntax.Redirect); ok && r.Hdoc != nil {
						all = append(all, written{in, literal(r.Hdoc), s.Range(r.Pos(), r.Pos())})
					}
					return true
				})
			}
		}
	}
	return all
}

// pip tells pip's commands, also as a module of Python, and their arguments.
func pip(c *dockerfile.Command) ([]dockerfile.Word, bool) {
	name := strings.TrimRight(c.Name, "0123456789.")
	switch name {
	case "pip", "pipx":
		return c.Args, true
	case "uv":
		if len(c.Args) > 0 && c.Args[0].Text == "pip" {
			return c.Args[1:], true
		}
	case "python":
		for i, a := range c.Args {
			if a.Text == "-m" && i+1 < len(c.Args) && c.Args[i+1].Text == "pip" {
				return c.Args[i+2:], true
			}
		}
	}
	return nil, false
}
