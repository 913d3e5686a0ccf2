package image

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// withBasic wants a user name and a password for everything.
func withBasic(reg *testRegistry, user, password string) {
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withToken gives tokens to one user and wants one for everything else.
func withToken(reg *testRegistry, user, password string) {
	const token = "a-token"
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/token" {
			if u, p, _ := r.BasicAuth(); u != user || p != password {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if got := r.URL.Query().Get("scope"); got != "repository:team/sample:pull" {
				http.Error(w, "scope "+got, http.StatusBadRequest)
				return
			}
			_, _ = fmt.Fprintf(w, `{"token":%q}`, token)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+reg.URL+`/token",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func authJSON(key, user, password string) []byte {
	return fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, key, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

func TestCredentials(t *testing.T) {
	for kind, demand := range map[string]func(*testRegistry, string, string){"basic": withBasic, "token": withToken} {
		t.Run(kind, func(t *testing.T) {
			reg, _ := pushed(t)
			demand(reg, "me", "secret")
			ref := reg.host() + "/team/sample:1"
			file := func(dir, name, key, password string) string {
				path := filepath.Join(dir, name)
				must(t, os.MkdirAll(filepath.Dir(path), 0o700))
				must(t, os.WriteFile(path, authJSON(key, "me", password), 0o600))
				return dir
			}
			host := reg.host()
			for name, c := range map[string]struct {
				env  map[string]string
				want error
			}{
				"none":                       {nil, ErrUnauthorized},
				"$DOCKER_CONFIG":             {map[string]string{"DOCKER_CONFIG": file(t.TempDir(), "config.json", host, "secret")}, nil},
				"~/.docker":                  {map[string]string{"HOME": file(t.TempDir(), ".docker/config.json", host, "secret")}, nil},
				"$REGISTRY_AUTH_FILE":        {map[string]string{"REGISTRY_AUTH_FILE": filepath.Join(file(t.TempDir(), "x.json", host, "secret"), "x.json")}, nil},
				"$XDG_RUNTIME_DIR":           {map[string]string{"XDG_RUNTIME_DIR": file(t.TempDir(), "containers/auth.json", host, "secret")}, nil},
				"~/.config/containers":       {map[string]string{"HOME": file(t.TempDir(), ".config/containers/auth.json", host, "secret")}, nil},
				"$DOCKER_AUTH_CONFIG":        {map[string]string{"DOCKER_AUTH_CONFIG": string(authJSON(host, "me", "secret"))}, nil},
				"for the repository's group": {map[string]string{"DOCKER_CONFIG": file(t.TempDir(), "config.json", host+"/team", "secret")}, nil},
				"for another registry":       {map[string]string{"DOCKER_CONFIG": file(t.TempDir(), "config.json", "example.com", "secret")}, ErrUnauthorized},
				"wrong":                      {map[string]string{"DOCKER_CONFIG": file(t.TempDir(), "config.json", host, "guess")}, ErrForbidden},
				"Podman's after Docker's": {map[string]string{
					"DOCKER_CONFIG":   file(t.TempDir(), "config.json", "example.com", "secret"),
					"XDG_RUNTIME_DIR": file(t.TempDir(), "containers/auth.json", host, "secret"),
				}, nil},
			} {
				t.Run(name, func(t *testing.T) {
					_, err := read(t, ref, Options{Getenv: env(c.env)})
					if !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
				})
			}
		})
	}
}

func TestCredentialHelper(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the helper of this test is a shell script")
	}
	reg, _ := pushed(t)
	withBasic(reg, "me", "secret")
	dir := t.TempDir()
	helper := "#!/bin/sh\nread host\necho '{\"ServerURL\":\"'$host'\",\"Username\":\"me\",\"Secret\":\"secret\"}'\n"
	must(t, os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(helper), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	config := func(text string) func(string) string {
		return env(map[string]string{"DOCKER_CONFIG": filepath.Dir(writeFile(t, "config.json", []byte(text)))})
	}
	ref := reg.host() + "/team/sample:1"
	for _, text := range []string{`{"credsStore":"test"}`, `{"credHelpers":{"` + reg.host() + `":"test"}}`} {
		if _, err := read(t, ref, Options{Getenv: config(text)}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := read(t, ref, Options{Getenv: config(`{"credsStore":"not-installed"}`)})
	if !errors.Is(err, ErrUnauthorized) || !strings.Contains(err.Error(), "docker-credential-not-installed") {
		t.Errorf("a missing helper: %v", err)
	}
	reg.misbehave(nil)
	if _, err := read(t, ref, Options{Getenv: config(`{"credsStore":"not-installed"}`)}); err != nil {
		t.Errorf("a missing helper stands in the way of a public image: %v", err)
	}
}

// TestCredentialsStayWithTheRegistry: blobs are often kept elsewhere, and that
// place is not to learn the password or the token.
func TestCredentialsStayWithTheRegistry(t *testing.T) {
	for kind, demand := range map[string]func(*testRegistry, string, string){"basic": withBasic, "token": withToken} {
		t.Run(kind, func(t *testing.T) {
			store, _ := pushed(t)
			store.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Header.Get("Authorization") != "" {
					t.Error("the store was given credentials")
				}
				next.ServeHTTP(w, r)
			})
			reg, _ := pushed(t)
			demand(reg, "me", "secret")
			guarded := reg.wrap
			reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				guarded(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.Contains(r.URL.Path, "/blobs/") {
						http.Redirect(w, r, store.URL+r.URL.Path, http.StatusTemporaryRedirect)
						return
					}
					next.ServeHTTP(w, r)
				}))
			})
			_, err := read(t, reg.host()+"/team/sample:1", Options{Getenv: env(map[string]string{"DOCKER_AUTH_CONFIG": string(authJSON(reg.host(), "me", "secret"))})})
			must(t, err)
			if store.requests("GET /v2/team/sample/blobs/") == 0 {
				t.Error("nothing was redirected")
			}
		})
	}
}
