// Package content owns the inspector that looks into every file of every layer
// for secrets and planted code: plain bytes, the members of archives, Git's
// objects, UTF-16 and base64, each opened at most a few steps deep. The same
// inspector looks at an image's configuration and history.
//
// It finds the words that detectors and rules are led by in one run over the
// bytes, and takes what they say into evidence. What a secret or planted code
// looks like is the business of packages secret and malware; where a file stands
// in the final image is decided when the layers are merged.
package content

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"sync"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/keyword"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// Options are what is looked for.
type Options struct {
	Secrets *secret.Engine
	Malware *malware.Engine
	// Scan asks rules that need a whole file (YARA), nil for none. It then gets
	// every file of up to inspect.MaxWhole, and members of archives up to small.
	Scan func(ctx context.Context, path string, content []byte) ([]malware.Finding, error)
	// Rules tells rules beyond the built-in ones apart, empty for none: evidence
	// of other rules is other evidence.
	Rules string
	// Found gets every secret with its value, for who must ask a provider about
	// it; nil for nobody. It is called from several goroutines.
	Found func(s *secret.Secret, value []byte)
}

// Inspector is the inspector; it is safe for concurrent use.
type Inspector struct {
	opt   Options
	words *keyword.Set
	// secretWords is how many of the words are those of secrets; the others
	// are those of planted code.
	secretWords int
	// Blocks that files are read into, and readers of compressed files: each costs
	// more to make than a small file does to search.
	blocks, wholes, gzips, zstds, inflaters sync.Pool
}

// New returns the inspector.
func New(opt Options) (*Inspector, error) {
	words := slices.Concat(opt.Secrets.Words(), opt.Malware.Words())
	set, err := keyword.New(words)
	if err == nil {
		err = checkWords(set.Longest())
	}
	if err != nil {
		return nil, fmt.Errorf("prepare the search for secrets and planted code: %w", err)
	}
	return &Inspector{
		opt: opt, words: set, secretWords: len(opt.Secrets.Words()),
		blocks: sync.Pool{New: func() any { return new(block) }},
	}, nil
}

// Name implements inspect.Inspector.
func (i *Inspector) Name() string { return "content" }

// logic rises when the same rules would find something else: their functions are
// no part of what tells them apart.
const logic = 1

// Version implements inspect.Inspector. It follows the rules by itself.
func (i *Inspector) Version() int {
	h := fnv.New32a()
	fmt.Fprintln(h, logic, i.opt.Rules)
	i.opt.Secrets.Describe(h)
	i.opt.Malware.Describe(h)
	return int(h.Sum32())
}

// Wants implements inspect.Inspector.
func (i *Inspector) Wants(f *inspect.File) inspect.Want {
	switch {
	case f.Size == 0:
		return inspect.Nothing
	case f.Size <= small, i.opt.Scan != nil && f.Size <= inspect.MaxWhole:
		return inspect.Whole
	}
	return inspect.Stream
}

// Inspect implements inspect.WholeInspector.
func (i *Inspector) Inspect(ctx context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	return i.inspect(ctx, f, content, newAccount(), out)
}

func (i *Inspector) inspect(ctx context.Context, f *inspect.File, content []byte, account *account, out *evidence.Fragment) error {
	s := i.subject(ctx, f, out, account)
	s.byName()
	w := where{path: f.Path}
	if len(content) <= small {
		s.look(w, content)
	} else {
		s.stream(w, content[:small+1], bytes.NewReader(content[small+1:]))
		s.scanWhole(w, content, &s.hide)
	}
	s.settle()
	return nil
}

// byName takes in what rules about files as such say: a key store is known by its
// name alone.
func (s *subject) byName() {
	for _, h := range s.opt.Secrets.File(s.file.Path) {
		found := h.Secret()
		found.Path, found.Redacted = s.file.Path, "the file itself"
		s.out.Secrets = append(s.out.Secrets, found)
	}
}

// Open implements inspect.StreamInspector.
func (i *Inspector) Open(ctx context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	return i.open(ctx, f, newAccount(), out)
}

func (i *Inspector) open(ctx context.Context, f *inspect.File, account *account, out *evidence.Fragment) inspect.Sink {
	// The reading goroutine has a fragment of its own until it has ended: other
	// inspectors of the file write to out meanwhile.
	own := &evidence.Fragment{}
	s := i.subject(ctx, f, own, account)
	s.byName()
	return inspect.NewReading(func(r io.Reader) { s.read(where{path: f.Path}, r) }, func() error {
		s.settle()
		out.Secrets = append(out.Secrets, own.Secrets...)
		out.Planted = append(out.Planted, own.Planted...)
		out.Certificates = append(out.Certificates, own.Certificates...)
		out.Problems = append(out.Problems, own.Problems...)
		return nil
	})
}

// subject is one file of a layer, with all that is inside it.
type subject struct {
	*Inspector
	ctx  context.Context
	file *inspect.File
	out  *evidence.Fragment
	// account is that of the layer, purse what this file may spend of it, nil
	// until an archive is met.
	account *account
	purse   *purse
	// config is set for a text of the configuration or of history.
	config bool
	// told are problems already said.
	told map[string]bool
	// hide are the secrets of a file that was searched in blocks.
	hide hidden
}

func (i *Inspector) subject(ctx context.Context, f *inspect.File, out *evidence.Fragment, account *account) *subject {
	account.left.Add(creditRatio * min(f.Size, 1<<40))
	return &subject{Inspector: i, ctx: ctx, file: f, out: out, account: account}
}

// rulePath is the path by which rules of secrets know a file; what is no file has none.
func (s *subject) rulePath(w where) string {
	if s.config {
		return ""
	}
	return w.path
}

// where is a place in a subject.
type where struct {
	// path is that of the innermost file, by which rules know it.
	path string
	// inside is the way to it through archives, empty for the file itself.
	inside string
	// encoding is how it was wrapped.
	encoding string
	// depth counts archives.
	depth int
}

// member is a place one archive further in.
func (w where) member(name string) where {
	if name = printable(name); name == "" {
		name = "(no name)"
	}
	m := where{path: name, inside: name, encoding: w.encoding, depth: w.depth + 1}
	if w.inside != "" {
		m.inside = w.inside + "!" + name
	}
	return m
}

// look searches content that is in memory as a whole.
func (s *subject) look(w where, content []byte) {
	if s.ctx.Err() != nil {
		return
	}
	if kind := archiveOf(w.path, content); kind != noArchive {
		if s.opens(w) {
			if s.unpack(kind, w, content, nil) && !kind.alsoPlain(w.path, content) {
				s.scanWhole(w, content, &hidden{})
				return
			}
		} else if kind.opaque() {
			s.scanWhole(w, content, &hidden{})
			return
		}
	} else if wide := utf16Of(content); wide != none16 && w.encoding == "" {
		in := w
		in.encoding = "utf-16"
		s.look(in, wide.decode(content))
		s.scanWhole(w, content, &hidden{})
		return
	}
	first := len(s.out.Secrets)
	var search *secret.Search
	var marks malware.Marks
	hits := 0
	s.words.Find(content, 0, len(content), func(word, at int) bool {
		hits++
		if word >= s.secretWords {
			marks.Add(s.opt.Malware, content, 0, word-s.secretWords, at, false)
			return true
		}
		if search == nil {
			search = s.opt.Secrets.Begin(s.rulePath(w))
		}
		search.Keyword(content, 0, word, at)
		return true
	})
	s.hits(w, hits)
	kind := malware.KindOf(content)
	firstLine := 1
	if kind != malware.Text {
		firstLine = 0
	}
	var hide hidden
	if search != nil {
		s.secrets(w, search.Hits(), search.Cut(), &hide, func(offset int64) int {
			if kind != malware.Text {
				return 0
			}
			return 1 + bytes.Count(content[:min(offset, int64(len(content)))], []byte{'\n'})
		})
	}
	s.certificates(w, content)
	var runs runs
	runs.begin(s, w)
	runs.feed(content, 0, firstLine)
	runs.finish(&hide)
	if isSQLite(content) {
		rows := s.scan(w)
		s.sqliteRows(bytes.NewReader(content), rows)
		rows.finishRows(first)
		rows.release()
	}
	s.planted(w, &malware.File{Content: content, Whole: true, Size: int64(len(content)), Kind: kind}, &marks, &hide)
	s.scanWhole(w, content, &hide)
}

// scanWhole asks rules that need a whole file, and see it as it is written.
func (s *subject) scanWhole(w where, content []byte, hide *hidden) {
	if s.opt.Scan == nil || w.encoding != "" {
		return
	}
	found, err := s.opt.Scan(s.ctx, w.path, content)
	s.addPlanted(w, found, hide)
	if err != nil {
		s.incomplete(err.Error())
	}
}

// secrets takes what a search found into evidence, and its values into hide. cut
// says that a bound ended the search; line tells the line of an offset, 0 where
// there are none.
func (s *subject) secrets(w where, hits []secret.Hit, cut bool, hide *hidden, line func(offset int64) int) {
	for _, h := range hits {
		found := h.Secret()
		found.Path, found.Inside, found.Encoding, found.Line = s.file.Path, s.inside(w), w.encoding, line(h.Offset)
		found.Key, _ = secret.KeyFingerprint(h.Value)
		hide.value(h.Value, found.Redacted)
		s.addSecret(found, h.Value)
	}
	const reason = "more look-alikes of secrets than are judged in one file; the rest was not judged"
	switch {
	case cut && len(hits) == 0:
		s.incomplete(reason)
	case cut:
		// Somebody has to look at the file already.
		s.note(reason)
	}
}

// maxSecrets bounds the secrets of one file with all that is inside it.
const maxSecrets = 2_000

func (s *subject) addSecret(found secret.Secret, value []byte) {
	if len(s.out.Secrets) >= maxSecrets {
		s.note(fmt.Sprintf("more than %d secrets in one file; the rest is not listed", maxSecrets))
		return
	}
	if !room(&s.account.secrets) {
		if !s.account.saidSecrets.Swap(true) {
			s.incomplete(fmt.Sprintf("more than %d secrets in one layer; the rest is not listed", maxListed))
		}
		return
	}
	if s.opt.Found != nil {
		s.opt.Found(&found, value)
	}
	s.out.Secrets = append(s.out.Secrets, found)
}

// planted asks the detectors about a file whose words were found.
func (s *subject) planted(w where, f *malware.File, marks *malware.Marks, hide *hidden) {
	f.Path, f.Mode = w.path, s.file.Mode
	f.Interpreter = malware.InterpreterOf(f.Content)
	s.addPlanted(w, s.opt.Malware.Judge(f, marks), hide)
}

func (s *subject) addPlanted(w where, found []malware.Finding, hide *hidden) {
	for _, f := range found {
		if len(s.out.Planted) >= maxSecrets {
			s.note(fmt.Sprintf("more than %d places of planted code in one file; the rest is not listed", maxSecrets))
			return
		}
		if !room(&s.account.planted) {
			if !s.account.saidPlanted.Swap(true) {
				s.incomplete(fmt.Sprintf("more than %d places of planted code in one layer; the rest is not listed", maxListed))
			}
			return
		}
		f.Path, f.Inside = s.file.Path, s.inside(w)
		f.Excerpt, f.Detail = s.masked(w, f.Excerpt, hide), s.masked(w, f.Detail, hide)
		s.out.Planted = append(s.out.Planted, f)
	}
}

// maxTold bounds the notes on one file: an archive of damaged archives has one of
// every kind.
const maxTold = 20

// note says something about the file once, without making the verdict incomplete.
func (s *subject) note(reason string) { s.problem(reason, false) }

func (s *subject) incomplete(reason string) { s.problem(reason, true) }

func (s *subject) problem(reason string, incomplete bool) {
	if s.told[reason] {
		return
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[reason] = true
	if len(s.told) > maxTold && !incomplete {
		return
	}
	switch n := s.account.problems.Add(1); {
	case n == maxListed:
		reason, incomplete = fmt.Sprintf("more than %d files of one layer could not be looked into as a whole; the rest is not listed", maxListed), true
	case n > maxListed:
		return
	}
	s.out.Problems = append(s.out.Problems, evidence.Problem{Path: s.file.Path, Reason: reason, Incomplete: incomplete})
}
