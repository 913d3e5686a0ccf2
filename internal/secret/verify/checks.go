package verify

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// check is how a provider is asked about the credentials of some rules. The
// request reads and changes nothing.
type check struct {
	provider string
	rules    []string
	// source documents the request.
	source string
	// base is the provider's own address, empty where every user has an instance;
	// selfHosted says that others have instances too, so that the provider's no
	// proves nothing about a credential of one of those.
	base       string
	selfHosted bool
	// method is GET where it is empty; path follows the base.
	method, path string
	// url takes the place of base and path where the value is a part of it.
	url func(p *probe) string
	// sign puts the value into the request; body is what it sends.
	sign func(r *http.Request, p *probe)
	body string
	// fits says why a value can't be asked about; "" where it can.
	fits func(p *probe) string
	// related are rules whose values belong to the request.
	related []string
	// alive and dead are the statuses of a credential that works and of one that
	// does not, beside 200 and 401.
	alive, dead []int
	// verdict judges the answer in place of the statuses; Unknown leaves it to them.
	verdict func(status int, body []byte) State
}

func (c *check) request(ctx context.Context, p *probe) (*http.Request, error) {
	method, address := c.method, p.base+c.path
	if method == "" {
		method = http.MethodGet
	}
	if c.url != nil {
		address = c.url(p)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	if c.body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("User-Agent", "plimsoll")
	req.Header.Set("Accept", "application/json")
	c.sign(req, p)
	return req, nil
}

func (c *check) relatedValues(p *probe) []string {
	var list []string
	for _, id := range c.related {
		list = append(list, string(p.related[id]))
	}
	return list
}

func (c *check) judge(status int, body []byte) State {
	if c.verdict != nil {
		if s := c.verdict(status, body); s != Unknown {
			return s
		}
	}
	switch {
	case status == http.StatusOK && c.verdict == nil, slices.Contains(c.alive, status):
		return Active
	case status == http.StatusUnauthorized, slices.Contains(c.dead, status):
		return Inactive
	}
	return Unknown
}

// bearer, header and basic are the ways in which values are sent.
func bearer(r *http.Request, p *probe) { r.Header.Set("Authorization", "Bearer "+p.value) }

func header(name, scheme string) func(*http.Request, *probe) {
	return func(r *http.Request, p *probe) { r.Header.Set(name, scheme+p.value) }
}

func with(sign func(*http.Request, *probe), name, value string) func(*http.Request, *probe) {
	return func(r *http.Request, p *probe) {
		sign(r, p)
		r.Header.Set(name, value)
	}
}

func nothing(*http.Request, *probe) {}

// prefixed asks about values that begin so.
func prefixed(reason string, prefixes ...string) func(*probe) string {
	return func(p *probe) string {
		for _, prefix := range prefixes {
			if strings.HasPrefix(p.value, prefix) {
				return ""
			}
		}
		return reason
	}
}

// shaped asks about values that may stand in a path.
func shaped(pattern, reason string) func(*probe) string {
	re := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	return func(p *probe) string {
		if re.MatchString(p.value) {
			return ""
		}
		return reason
	}
}

// says judges a body by what it holds.
func says(alive, dead []string) func(int, []byte) State {
	return func(_ int, body []byte) State {
		text := string(body)
		has := func(part string) bool { return strings.Contains(text, part) }
		switch {
		case slices.ContainsFunc(alive, has):
			return Active
		case slices.ContainsFunc(dead, has):
			return Inactive
		}
		return Unknown
	}
}

// okField judges {"ok": true} where the status is 200, and {"ok": false} by the
// errors that say that a credential is none.
func okField(dead ...string) func(int, []byte) State {
	return func(status int, body []byte) State {
		var a struct {
			OK    *bool
			Error string
		}
		if json.Unmarshal(body, &a) != nil || a.OK == nil {
			return Unknown
		}
		switch {
		case *a.OK && status == http.StatusOK:
			return Active
		case !*a.OK && slices.Contains(dead, a.Error):
			return Inactive
		}
		return Unknown
	}
}

// Providers lists the names that Endpoint takes.
func Providers() []string {
	var list []string
	for _, c := range checks() {
		list = append(list, c.provider)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Request is a request of the table, for documentation.
type Request struct {
	Provider string
	Rules    []string
	// Method and URL are what is asked; Source documents it.
	Method, URL, Source string
}

// Requests lists all that may be asked.
func Requests() []Request {
	var list []Request
	for _, c := range checks() {
		r := Request{Provider: c.provider, Rules: c.rules, Method: c.method, URL: c.base + c.path, Source: c.source}
		if r.Method == "" {
			r.Method = http.MethodGet
		}
		list = append(list, r)
	}
	return list
}

// whyNot is why a rule's values are not asked about.
func whyNot(rule string) string {
	for _, r := range reasons() {
		if slices.Contains(r.rules, rule) {
			return r.reason
		}
	}
	return "no request is known that tells and changes nothing"
}
