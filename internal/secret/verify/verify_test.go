package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/internal/secret"
)

// reply is what a provider answers and what follows from it.
type reply struct {
	status int
	body   string
	want   State
}

var yesNo = []reply{{200, "{}", Active}, {401, "{}", Inactive}, {500, "", Unknown}, {302, "", Unknown}, {404, "", Unknown}}

func and(more ...reply) []reply { return append(slices.Clone(yesNo), more...) }

// conversation is how a provider is asked about the values of a rule.
type conversation struct {
	provider, rule, value string
	related               map[string][]byte
	request               string
	header, sent          string
	replies               []reply
}

const key = "k2j4h5g6f7d8s9a0q1w2e3r4t5y6u7i8"

func conversations() []conversation {
	mayNot := reply{403, "", Active}
	hook := "123456789012345678/" + strings.Repeat("aB3_-", 13)
	bot := "123456789:AAk2j4h5g6f7d8s9a0q1w2e3r4t5y6u7i"
	listed := []reply{{200, `{"object": "list", "data": []}`, Active}, {401, "{}", Inactive}, {403, "You have insufficient permissions for this operation. Missing scopes: api.model.read", Active}, {403, "unsupported_country_region_territory", Unknown}, {200, "<html>", Unknown}}
	pair := map[string][]byte{awsID: []byte("AKIAIOSFODNN7ABCDEFG")}
	temporary := map[string][]byte{awsID: []byte("ASIAIOSFODNN7ABCDEFG"), awsSession: []byte("IQoJb3JpZ2luX2VjE")}
	caller := []reply{
		{200, `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"1"}}}`, Active},
		{200, "<html>", Unknown},
		{403, `{"Error":{"Code":"InvalidClientTokenId"}}`, Inactive},
		{403, "<Code>SignatureDoesNotMatch</Code>", Inactive},
		{403, "<Code>ExpiredToken</Code>", Inactive},
		{403, "<Code>Throttling</Code>", Unknown},
		{400, "", Unknown},
	}
	return []conversation{
		{"github", "github-classic-token", key, nil, "GET /user", "Authorization", "Bearer " + key, and(reply{403, "", Unknown})},
		{"github", "github-fine-grained-token", key, nil, "GET /user", "Accept", "application/vnd.github+json", yesNo},
		{"github", "github-app-installation-token", key, nil, "GET /installation/repositories?per_page=1", "Authorization", "Bearer " + key, yesNo},
		{"gitlab", "gitlab-personal-access-token", key, nil, "GET /api/v4/personal_access_tokens/self", "PRIVATE-TOKEN", key, yesNo},
		{"gitlab", "gitlab-ci-build-token", key, nil, "GET /api/v4/job", "JOB-TOKEN", key, yesNo},
		{"gitea", "gitea-access-token", key, nil, "GET /api/v1/user", "Authorization", "token " + key, and(mayNot)},
		{"npm", "npm-access-token", "npm_" + key, nil, "GET /-/whoami", "Authorization", "Bearer npm_" + key, yesNo},
		{"rubygems", "rubygems-api-key", key, nil, "GET /api/v1/gems.json", "Authorization", key, yesNo},
		{"circleci", "circleci-token", "CCIPAT_" + key, nil, "GET /api/v2/me", "Circle-Token", "CCIPAT_" + key, yesNo},
		{"buildkite", "buildkite-token", "bkua_" + key, nil, "GET /v2/access-token", "Authorization", "Bearer bkua_" + key, yesNo},
		{"terraform-cloud", "terraform-cloud-token", key, nil, "GET /api/v2/account/details", "Authorization", "Bearer " + key, yesNo},
		{"pulumi", "pulumi-access-token", key, nil, "GET /api/user", "Authorization", "token " + key, yesNo},
		{"doppler", "doppler-token", key, nil, "GET /v3/me", "Authorization", "Bearer " + key, yesNo},
		{"aws", "aws-secret-access-key", key, pair, "POST /", "Content-Type", "application/x-www-form-urlencoded", caller},
		{"aws", "aws-access-key-pair", key, temporary, "POST /", "X-Amz-Security-Token", "IQoJb3JpZ2luX2VjE", caller},
		{"slack", "slack-bot-token", "xoxb-" + key, nil, "POST /api/auth.test", "Authorization", "Bearer xoxb-" + key, []reply{
			{200, `{"ok":true,"team":"x"}`, Active},
			{200, `{"ok":false,"error":"invalid_auth"}`, Inactive},
			{200, `{"ok":false,"error":"token_revoked"}`, Inactive},
			{200, `{"ok":false,"error":"fatal_error"}`, Unknown},
			{200, "<html>", Unknown},
			{500, `{"ok":true}`, Unknown},
		}},
		{"slack", "slack-user-token", "xoxp-" + key, nil, "POST /api/auth.test", "Authorization", "Bearer xoxp-" + key, nil},
		{"discord", "discord-bot-token", key, nil, "GET /api/v10/users/@me", "Authorization", "Bot " + key, yesNo},
		{"discord", "discord-webhook", hook, nil, "GET /api/v10/webhooks/" + hook, "", "", []reply{{200, "{}", Active}, {404, "", Inactive}, {401, "", Inactive}, {500, "", Unknown}}},
		{"telegram", "telegram-bot-token", bot, nil, "GET /bot" + bot + "/getMe", "", "", []reply{{200, `{"ok":true}`, Active}, {401, `{"ok":false}`, Inactive}, {404, `{"ok":false}`, Inactive}, {200, "", Unknown}}},
		{"stripe", "stripe-live-key", key, nil, "GET /v1/balance", "Authorization", "Bearer " + key, and(mayNot)},
		{"sendgrid", "sendgrid-api-key", key, nil, "GET /v3/scopes", "Authorization", "Bearer " + key, yesNo},
		{"mailgun", "mailgun-api-key", key, nil, "GET /v4/domains?limit=1", "Authorization", "Basic YXBpOmsyajRoNWc2ZjdkOHM5YTBxMXcyZTNyNHQ1eTZ1N2k4", yesNo},
		{"digitalocean", "digitalocean-token", "dop_v1_" + key, nil, "GET /v2/account", "Authorization", "Bearer dop_v1_" + key, and(mayNot)},
		{"linode", "linode-token", key, nil, "GET /v4/profile", "Authorization", "Bearer " + key, yesNo},
		{"hetzner", "hetzner-api-token", key, nil, "GET /v1/locations?per_page=1", "Authorization", "Bearer " + key, yesNo},
		{"cloudflare", "cloudflare-api-token", "cfut_" + key, nil, "GET /client/v4/user/tokens/verify", "Authorization", "Bearer cfut_" + key, []reply{
			{200, `{"success":true,"result":{"status":"active"}}`, Active}, {200, `{"result":{"status":"expired"}}`, Inactive}, {401, "{}", Inactive}, {200, "{}", Unknown},
		}},
		{"fastly", "fastly-api-token", key, nil, "GET /tokens/self", "Fastly-Key", key, yesNo},
		{"heroku", "heroku-api-key", key, nil, "GET /account", "Accept", "application/vnd.heroku+json; version=3", and(mayNot)},
		{"netlify", "netlify-token", key, nil, "GET /api/v1/user", "Authorization", "Bearer " + key, yesNo},
		{"datadog", "datadog-key", strings.Repeat("0a", 16), nil, "GET /api/v1/validate", "DD-API-KEY", strings.Repeat("0a", 16), and(reply{403, "", Inactive})},
		{"grafana", "grafana-service-account-token", key, nil, "GET /api/org", "Authorization", "Bearer " + key, and(mayNot)},
		{"postman", "postman-api-key", key, nil, "GET /me", "X-API-Key", key, yesNo},
		{"airtable", "airtable-token", key, nil, "GET /v0/meta/whoami", "Authorization", "Bearer " + key, yesNo},
		{"notion", "notion-token", key, nil, "GET /v1/users/me", "Notion-Version", "2022-06-28", and(mayNot)},
		{"asana", "asana-token", key, nil, "GET /api/1.0/users/me", "Authorization", "Bearer " + key, and(mayNot)},
		{"openai", "openai-api-key", key, nil, "GET /v1/models", "Authorization", "Bearer " + key, listed},
		{"openai", "openai-admin-key", key, nil, "GET /v1/organization/projects?limit=1", "Authorization", "Bearer " + key, listed},
		{"anthropic", "anthropic-api-key", key, nil, "GET /v1/models", "x-api-key", key, and(reply{403, "", Unknown})},
		{"anthropic", "anthropic-admin-key", key, nil, "GET /v1/organizations/me", "anthropic-version", "2023-06-01", yesNo},
		{"hugging-face", "hugging-face-token", key, nil, "GET /api/whoami-v2", "Authorization", "Bearer " + key, yesNo},
		{"replicate", "replicate-token", key, nil, "GET /v1/account", "Authorization", "Bearer " + key, yesNo},
		{"groq", "groq-api-key", key, nil, "GET /openai/v1/models", "Authorization", "Bearer " + key, yesNo},
		{"openrouter", "openrouter-api-key", key, nil, "GET /api/v1/key", "Authorization", "Bearer " + key, yesNo},
		{"mistral", "mistral-api-key", key, nil, "GET /v1/models", "Authorization", "Bearer " + key, yesNo},
		{"deepseek", "deepseek-api-key", key, nil, "GET /models", "Authorization", "Bearer " + key, yesNo},
	}
}

// quick is a verifier that does not wait.
func quick(t *testing.T, client *http.Client, endpoints ...Endpoint) *Verifier {
	t.Helper()
	v, err := New(client, endpoints...)
	if err != nil {
		t.Fatal(err)
	}
	v.pause = 0
	return v
}

// TestEveryProviderIsAskedAsDocumented: one request each, whose answer is judged,
// and no error shows what was sent.
func TestEveryProviderIsAskedAsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range conversations() {
		seen[c.rule] = true
		if c.replies == nil {
			c.replies = []reply{{500, "", Unknown}}
		}
		for _, r := range c.replies {
			t.Run(fmt.Sprintf("%s/%d/%s", c.rule, r.status, r.want), func(t *testing.T) {
				asked := 0
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					asked++
					if got := req.Method + " " + req.URL.RequestURI(); got != c.request {
						t.Errorf("request %s, want %s", got, c.request)
					}
					if c.header != "" && req.Header.Get(c.header) != c.sent {
						t.Errorf("%s: %q, want %q", c.header, req.Header.Get(c.header), c.sent)
					}
					if req.Header.Get("User-Agent") != "plimsoll" || req.Header.Get("Referer") != "" {
						t.Errorf("headers %v", req.Header)
					}
					w.Header().Set("Location", "http://127.0.0.1:1/"+c.value)
					w.WriteHeader(r.status)
					_, _ = io.WriteString(w, r.body)
				}))
				defer server.Close()
				v := quick(t, server.Client(), Endpoint{c.provider, server.URL})
				for range 2 {
					state, err := v.Verify(t.Context(), c.rule, []byte(c.value), c.related)
					if state != r.want || (err == nil) != (state == Active || state == Inactive) {
						t.Errorf("state %s, error %v, want %s", state, err, r.want)
					}
					hides(t, err, c)
				}
				if asked != 1 {
					t.Errorf("asked %d times", asked)
				}
			})
		}
	}
	for _, c := range checks() {
		if !slices.ContainsFunc(c.rules, func(id string) bool { return seen[id] }) {
			t.Errorf("no conversation is about %v", c.rules)
		}
	}
}

// hides fails the test where an error shows a value.
func hides(t *testing.T, err error, c conversation) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, value := range append([]string{c.value, url.PathEscape(c.value), url.QueryEscape(c.value)}, values(c.related)...) {
			if strings.Contains(e.Error(), value) || strings.Contains(fmt.Sprintf("%+v", e), value) {
				t.Fatalf("the error of %s shows the value", c.rule)
			}
		}
	}
}

func values(related map[string][]byte) (list []string) {
	for _, v := range related {
		list = append(list, string(v))
	}
	return list
}

// transport is a stand-in for a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestNoFailureShowsAValue, whatever a transport says.
func TestNoFailureShowsAValue(t *testing.T) {
	for name, fail := range map[string]func(*http.Request) error{
		"the URL":    func(r *http.Request) error { return fmt.Errorf("dial %s", r.URL) },
		"the header": func(r *http.Request) error { return fmt.Errorf("send %v", r.Header) },
		"a URL error": func(r *http.Request) error {
			return &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("refused " + r.URL.Path)}
		},
		"nothing": func(*http.Request) error { return errors.New("no route to host") },
	} {
		for _, c := range conversations() {
			v := quick(t, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) { return nil, fail(r) })}, Endpoint{c.provider, "https://instance.example"})
			state, err := v.Verify(t.Context(), c.rule, []byte(c.value), c.related)
			if state != Unknown || err == nil {
				t.Errorf("%s, %s: %s, %v", name, c.rule, state, err)
			}
			hides(t, err, c)
			if name == "nothing" && err.Error() != "ask "+c.provider+": no route to host" {
				t.Error(err)
			}
		}
	}
}

// TestValuesGoToTheirProviderAlone: to the host of the table, over TLS.
func TestValuesGoToTheirProviderAlone(t *testing.T) {
	for _, c := range conversations() {
		v := quick(t, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			table := ""
			for _, q := range Requests() {
				if slices.Contains(q.Rules, c.rule) {
					table = q.URL
				}
			}
			if r.URL.Scheme != "https" || !strings.HasPrefix(table, "https://"+r.URL.Host+"/") || r.URL.User != nil {
				t.Errorf("%s is asked at %s", c.rule, r.URL.Host)
			}
			return &http.Response{StatusCode: 401, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
		})})
		state, err := v.Verify(t.Context(), c.rule, []byte(c.value), c.related)
		hides(t, err, c)
		if state == Active {
			t.Errorf("%s: %s", c.rule, state)
		}
	}
}

// TestTheProvidersNoProvesLittleAboutInstances: a token of another GitLab is none at gitlab.com.
func TestTheProvidersNoProvesLittleAboutInstances(t *testing.T) {
	refuse := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 401, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})}
	for _, c := range []struct {
		rule     string
		endpoint []Endpoint
		want     State
		err      string
	}{
		{"gitlab-personal-access-token", nil, Unknown, "gitlab refuses it, and it may be another instance's"},
		{"gitlab-personal-access-token", []Endpoint{{"gitlab", "https://gitlab.example.com"}}, Inactive, ""},
		{"hugging-face-token", nil, Inactive, ""},
		{"gitea-access-token", nil, NotVerifiable, "not verifiable: its gitea instance is not known; name it"},
	} {
		state, err := quick(t, refuse, c.endpoint...).Verify(t.Context(), c.rule, []byte(key), nil)
		if state != c.want || fmt.Sprint(err) != map[bool]string{true: "<nil>", false: c.err}[c.err == ""] {
			t.Errorf("%s: %s, %v", c.rule, state, err)
		}
	}
}

// TestWhatCantBeAskedIsSaid, and nothing is sent.
func TestWhatCantBeAskedIsSaid(t *testing.T) {
	silent := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		t.Errorf("something was sent to %s", r.URL.Host)
		return nil, errors.New("sent")
	})}
	for _, c := range []struct {
		rule, value string
		related     map[string][]byte
		want        string
	}{
		{"no-such-rule", key, nil, "not verifiable: no request is known that tells and changes nothing"},
		{"pypi-upload-token", key, nil, "not verifiable: a token can upload and nothing else"},
		{"github-refresh-token", key, nil, "not verifiable: a token for renewal would be used up"},
		{"aws-secret-access-key", key, nil, "not verifiable: a secret key works beside its access key identifier only, and none was found there"},
		{"aws-secret-access-key", key, map[string][]byte{awsID: []byte("AKIA\r\nHost: x")}, "not verifiable: a secret key works beside its access key identifier only, and none was found there"},
		{"aws-secret-access-key", key, map[string][]byte{awsID: []byte("ASIAIOSFODNN7ABCDEFG")}, "not verifiable: a temporary key works beside its session token only, and none was found there"},
		{"npmrc-token", key, nil, "not verifiable: it is not a token of registry.npmjs.org"},
		{"discord-webhook", "123456789012345678/../../" + strings.Repeat("a", 60), nil, "not verifiable: it is not the part of a webhook's address that is asked about"},
		{"telegram-bot-token", "1/../x?y", nil, "not verifiable: it is not the token of a bot"},
		{"github-classic-token", "a b", nil, "not verifiable: the value is none that github could have made"},
		{"github-classic-token", "a\r\nHost: evil.example", nil, "not verifiable: the value is none that github could have made"},
		{"github-classic-token", "", nil, "not verifiable: the value is none that github could have made"},
		{"github-classic-token", strings.Repeat("a", longestValue+1), nil, "not verifiable: the value is none that github could have made"},
	} {
		state, err := quick(t, silent).Verify(t.Context(), c.rule, []byte(c.value), c.related)
		if state != NotVerifiable || !errors.Is(err, ErrNotVerifiable) || err.Error() != c.want {
			t.Errorf("%s: %s, %v", c.rule, state, err)
		}
	}
}

// TestAnswersAreBounded in time, bytes and number.
func TestAnswersAreBounded(t *testing.T) {
	t.Run("bytes", func(t *testing.T) {
		read := 0
		v := quick(t, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endless{&read}), Request: r}, nil
		})})
		if state, _ := v.Verify(t.Context(), "slack-bot-token", []byte("xoxb-1"), nil); state != Unknown || read > longestAnswer+1<<16 {
			t.Errorf("state %s after %d bytes", state, read)
		}
	})
	t.Run("requests", func(t *testing.T) {
		asked := 0
		v := quick(t, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: 401, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})})
		for i := range maxRequests + 50 {
			_, _ = v.Verify(t.Context(), "groq-api-key", fmt.Appendf(nil, "key%d", i), nil)
		}
		if state, err := v.Verify(t.Context(), "groq-api-key", []byte("one more"), nil); asked != maxRequests || state == Active {
			t.Errorf("asked %d times, %s, %v", asked, state, err)
		}
	})
	t.Run("429", func(t *testing.T) {
		asked := 0
		v := quick(t, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: 429, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})})
		for i := range 3 {
			if state, err := v.Verify(t.Context(), "groq-api-key", fmt.Appendf(nil, "key%d", i), nil); state != Unknown || err.Error() != "groq asks to be asked less often (status 429)" {
				t.Errorf("%s, %v", state, err)
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
	t.Run("time", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		v := quick(t, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		if state, err := v.Verify(ctx, "groq-api-key", []byte(key), nil); state != Unknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, %v", state, err)
		}
	})
	t.Run("pace", func(t *testing.T) {
		v := quick(t, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})})
		v.pause = 30 * time.Millisecond
		begin := time.Now()
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() { _, _ = v.Verify(t.Context(), "groq-api-key", fmt.Appendf(nil, "key%d", i), nil) })
		}
		all.Wait()
		if passed := time.Since(begin); passed < 90*time.Millisecond {
			t.Errorf("four requests within %s", passed)
		}
	})
}

type endless struct{ read *int }

func (e endless) Read(b []byte) (int, error) {
	*e.read += len(b)
	return len(b), nil
}

// TestInstancesAreNamed as provider=https://host.
func TestInstancesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"gitlab=https://gitlab.example.com/":  "",
		"gitlab=https://example.com/gitlab":   "",
		"gitea=http://127.0.0.1:3000":         "",
		"gitlab=http://gitlab.example.com":    "the address of gitlab is not one of https",
		"gitlab=ftp://gitlab.example.com":     "the address of gitlab is not one of https",
		"gitlab=gitlab.example.com":           "the address of gitlab is none such as https://host or https://host/path",
		"gitlab=https://user:x@example.com":   "the address of gitlab is none such as https://host or https://host/path",
		"gitlab=https://example.com/?token=x": "the address of gitlab is none such as https://host or https://host/path",
		"https://gitlab.example.com":          "an instance is written as provider=https://host, such as gitlab=https://gitlab.example.com",
		"gitlub=https://gitlab.example.com":   "no provider is called \"gitlub\"; there are " + strings.Join(Providers(), ", "),
	} {
		e, err := ParseEndpoint(text)
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
		if _, again := New(http.DefaultClient, e); err == nil && again != nil {
			t.Error(again)
		}
	}
	if _, err := New(http.DefaultClient, Endpoint{"gitlab", "http://gitlab.example.com"}); err == nil {
		t.Error("an endpoint without TLS was taken")
	}
}

// TestTheTableNamesRules that exist, each once.
func TestTheTableNamesRules(t *testing.T) {
	known, listed := map[string]bool{}, map[string]bool{}
	for _, r := range secret.Rules() {
		known[r.ID] = true
	}
	ids := []string{awsID, awsSession}
	for _, c := range checks() {
		ids = append(ids, c.related...)
		for _, id := range c.rules {
			if listed[id] {
				t.Errorf("rule %s is in the table twice", id)
			}
			listed[id] = true
			ids = append(ids, id)
		}
		if !strings.HasPrefix(c.source, "https://") || c.base != "" && !strings.HasPrefix(c.base, "https://") || !strings.HasPrefix(c.path, "/") || c.sign == nil {
			t.Errorf("the check of %v is incomplete", c.rules)
		}
	}
	for _, r := range reasons() {
		for _, id := range r.rules {
			if listed[id] {
				t.Errorf("rule %s has a check and a reason to have none", id)
			}
		}
		ids = append(ids, r.rules...)
	}
	for _, id := range ids {
		if !known[id] {
			t.Errorf("no rule is called %s", id)
		}
	}
}

// TestTheDocumentationListsEveryRequest, as the table has it.
func TestTheDocumentationListsEveryRequest(t *testing.T) {
	text, err := os.ReadFile("../../../docs/secrets.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Requests() {
		address := strings.TrimPrefix(r.URL, "https://")
		if strings.HasPrefix(address, "/") {
			address = "instance" + address
		}
		row := fmt.Sprintf("| %s | %s | [`%s %s`](%s) |\n", r.Provider, strings.Join(r.Rules, ", "), r.Method, address, r.Source)
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/secrets.md lacks the row\n%s", row)
		}
	}
}

// TestSigV4 signs the request "get-vanilla" of Amazon's test suite for Signature Version 4.
func TestSigV4(t *testing.T) {
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.amazonaws.com/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Date", at.Format("20060102T150405Z"))
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
	if got := sigV4(r, "", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service", at); got != want {
		t.Errorf("signed\n%s, want\n%s", got, want)
	}
}
