// Package verify owns one question: does a credential that was found still work?
// It asks the credential's own provider, by one request that reads and changes
// nothing, and only where its caller was told to: whoever looks at an image does
// not by that agree to sending what is in it over a network.
//
// A value goes to its provider's documented host, or to the instance that the
// user named, and nowhere else: no redirect is followed. It is in no error and in
// nothing that is returned. What the table in checks.go does not list is not
// verifiable, and is not guessed at.
package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// State is what a provider says of a credential.
type State int

const (
	// NotVerifiable: no request that changes nothing could tell, or something that
	// it needs was not found beside the value.
	NotVerifiable State = iota
	// Unknown: the provider was not reached, or its answer does not tell.
	Unknown
	// Inactive: the provider refuses the credential.
	Inactive
	// Active: the credential works.
	Active
)

// String returns the words that reports use.
func (s State) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Inactive:
		return "inactive"
	case Active:
		return "active"
	}
	return "not verifiable"
}

// ErrNotVerifiable is wrapped by the error that comes with NotVerifiable.
var ErrNotVerifiable = errors.New("not verifiable")

const (
	// patience bounds one request, longestAnswer what is read of an answer.
	patience      = 10 * time.Second
	longestAnswer = 64 << 10
	// longestValue bounds what is sent.
	longestValue = 4 << 10
	// betweenRequests is the time from one request to a provider to the next, and
	// maxRequests how many it gets from one Verifier: an image may hold any number
	// of look-alikes.
	betweenRequests = 250 * time.Millisecond
	maxRequests     = 200
)

// Endpoint sends what belongs to a provider to another base URL: an instance of
// one's own.
type Endpoint struct {
	// Provider is a name of Providers: "gitlab".
	Provider string
	// URL is the base, without a slash at its end.
	URL string
}

// ParseEndpoint reads "gitlab=https://gitlab.example.com". Only the loopback
// interface may be spoken to without TLS.
func ParseEndpoint(text string) (Endpoint, error) {
	name, base, ok := strings.Cut(text, "=")
	if !ok {
		return Endpoint{}, errors.New("an instance is written as provider=https://host, such as gitlab=https://gitlab.example.com")
	}
	e := Endpoint{Provider: strings.TrimSpace(name), URL: strings.TrimRight(strings.TrimSpace(base), "/")}
	return e, e.check()
}

func (e Endpoint) check() error {
	if !slices.Contains(Providers(), e.Provider) {
		return fmt.Errorf("no provider is called %q; there are %s", e.Provider, strings.Join(Providers(), ", "))
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("the address of %s is none such as https://host or https://host/path", e.Provider)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("the address of %s is not one of https", e.Provider)
}

func loopback(host string) bool { return host == "127.0.0.1" || host == "::1" || host == "localhost" }

// Verifier asks providers. It is safe for concurrent use, asks about each value
// once, and each provider for one at a time.
type Verifier struct {
	client *http.Client
	bases  map[string]string
	checks map[string]*check
	// now and pause are the clock and the time between requests, set by tests.
	now   func() time.Time
	pause time.Duration

	mu        sync.Mutex
	providers map[string]*line
}

// line is the queue before a provider.
type line struct {
	sync.Mutex
	last  time.Time
	asked int
	// closed is why no more is asked.
	closed error
	known  map[[sha256.Size]byte]answer
}

type answer struct {
	state State
	err   error
}

// New returns a verifier that uses the client's transport. Its redirects, cookies
// and timeout are not used.
func New(client *http.Client, endpoints ...Endpoint) (*Verifier, error) {
	v := &Verifier{
		client: &http.Client{
			Transport:     client.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		bases: map[string]string{}, checks: map[string]*check{}, providers: map[string]*line{},
		now: time.Now, pause: betweenRequests,
	}
	for _, e := range endpoints {
		if err := e.check(); err != nil {
			return nil, err
		}
		v.bases[e.Provider] = e.URL
	}
	for _, c := range checks() {
		for _, id := range c.rules {
			v.checks[id] = &c
		}
	}
	return v, nil
}

// Verify asks the provider of a rule's credentials about one. related are the
// values that other rules found beside it, by their identifiers: an AWS secret
// key needs its access key identifier. The error is nil for Active and Inactive
// and says otherwise why there is no answer; it never holds the value.
func (v *Verifier) Verify(ctx context.Context, ruleID string, value []byte, related map[string][]byte) (State, error) {
	c := v.checks[ruleID]
	if c == nil {
		return NotVerifiable, fmt.Errorf("%w: %s", ErrNotVerifiable, whyNot(ruleID))
	}
	base, own := v.bases[c.provider]
	if !own {
		base = c.base
	}
	p := probe{value: string(value), related: related, base: base, now: v.now()}
	switch {
	case base == "":
		return NotVerifiable, fmt.Errorf("%w: its %s instance is not known; name it", ErrNotVerifiable, c.provider)
	case !sendable(p.value):
		return NotVerifiable, fmt.Errorf("%w: the value is none that %s could have made", ErrNotVerifiable, c.provider)
	}
	if c.fits != nil {
		if reason := c.fits(&p); reason != "" {
			return NotVerifiable, fmt.Errorf("%w: %s", ErrNotVerifiable, reason)
		}
	}
	l := v.line(c.provider)
	l.Lock()
	defer l.Unlock()
	key := p.key(c)
	if a, ok := l.known[key]; ok {
		return a.state, a.err
	}
	if err := v.turn(ctx, l, c.provider); err != nil {
		return Unknown, err
	}
	state, err := v.ask(ctx, l, c, &p)
	if state == Inactive && c.selfHosted && !own {
		state, err = Unknown, fmt.Errorf("%s refuses it, and it may be another instance's", c.provider)
	}
	if ctx.Err() == nil {
		l.known[key] = answer{state, err}
	}
	return state, err
}

func (v *Verifier) line(provider string) *line {
	v.mu.Lock()
	defer v.mu.Unlock()
	l := v.providers[provider]
	if l == nil {
		l = &line{known: map[[sha256.Size]byte]answer{}}
		v.providers[provider] = l
	}
	return l
}

// turn waits until the provider may be asked again.
func (v *Verifier) turn(ctx context.Context, l *line, provider string) error {
	if l.closed != nil {
		return l.closed
	}
	if l.asked >= maxRequests {
		return fmt.Errorf("%s was asked about %d values, and is asked about no more", provider, maxRequests)
	}
	if wait := v.pause - time.Since(l.last); l.asked > 0 && wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
	l.asked++
	l.last = time.Now()
	return ctx.Err()
}

// ask sends the request of a check and judges the answer.
func (v *Verifier) ask(ctx context.Context, l *line, c *check, p *probe) (State, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := c.request(ctx, p)
	if err != nil {
		return Unknown, p.without(c.provider, err)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return Unknown, p.without(c.provider, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return Unknown, p.without(c.provider, err)
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		l.closed = fmt.Errorf("%s asks to be asked less often (status 429)", c.provider)
		return Unknown, l.closed
	}
	state := c.judge(resp.StatusCode, body)
	if state == Unknown {
		return Unknown, fmt.Errorf("%s answers with status %d, which does not tell", c.provider, resp.StatusCode)
	}
	return state, nil
}

// probe is one value to ask about.
type probe struct {
	value   string
	related map[string][]byte
	base    string
	now     time.Time
}

// key stands for a check of a value and what belongs to it.
func (p *probe) key(c *check) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range append([]string{c.path, p.value}, c.relatedValues(p)...) {
		// Lengths keep neighbours apart.
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// without is an error of a request that holds neither the value nor the URL,
// which the value may be a part of.
func (p *probe) without(provider string, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("ask %s: no answer within %s: %w", provider, patience, context.DeadlineExceeded)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("ask %s: %w", provider, context.Canceled)
	}
	text := err.Error()
	values := []string{p.value, url.PathEscape(p.value), url.QueryEscape(p.value)}
	for _, value := range p.related {
		values = append(values, string(value))
	}
	if slices.ContainsFunc(values, func(value string) bool { return value != "" && strings.Contains(text, value) }) {
		return fmt.Errorf("ask %s: the request failed", provider)
	}
	// The text alone: whoever unwraps an error of a transport could find the URL.
	return fmt.Errorf("ask %s: %s", provider, text)
}

// sendable reports whether a value may stand in a header.
func sendable(value string) bool {
	return value != "" && len(value) <= longestValue && !bytes.ContainsFunc([]byte(value), func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
