package image

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/opencontainers/go-digest"
)

// engineAddress is where an engine may listen.
type engineAddress struct {
	// scheme is unix, tcp, or one that is not supported.
	scheme, at string
	// certificates is a folder with ca.pem, cert.pem and key.pem; set for TLS.
	certificates string
	// verify is unset where the user asked for TLS without verification.
	verify bool
}

// String returns "unix:///var/run/docker.sock".
func (a engineAddress) String() string { return a.scheme + "://" + a.at }

func parseEngineAddress(s string) engineAddress {
	scheme, at, ok := strings.Cut(s, "://")
	if !ok {
		scheme, at = "tcp", s
		if strings.HasPrefix(s, "/") {
			scheme = "unix"
		}
	}
	return engineAddress{scheme: scheme, at: at, verify: true}
}

// dockerEngine finds Docker as its own command line does: DOCKER_HOST, then the
// chosen context, then the usual sockets.
func dockerEngine(getenv func(string) string) engine {
	e := engine{kind: DockerEngine, called: "docker engine", start: "start Docker, set DOCKER_HOST, or scan the image from a registry or an archive"}
	if host := getenv("DOCKER_HOST"); host != "" {
		a := parseEngineAddress(host)
		if getenv("DOCKER_TLS_VERIFY") != "" || getenv("DOCKER_TLS") != "" {
			a.verify = getenv("DOCKER_TLS_VERIFY") != ""
			a.certificates = getenv("DOCKER_CERT_PATH")
			if a.certificates == "" {
				a.certificates = dockerConfigDir(getenv)
			}
		}
		e.addresses = []engineAddress{a}
		return e
	}
	if a, ok := contextAddress(getenv); ok {
		e.addresses = []engineAddress{a}
		return e
	}
	paths := []string{"/var/run/docker.sock"}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		paths = append(paths, filepath.Join(dir, "docker.sock"))
	}
	if home := homeDir(getenv); home != "" {
		paths = append(paths, filepath.Join(home, ".docker", "run", "docker.sock"), filepath.Join(home, ".docker", "desktop", "docker.sock"))
	}
	e.addresses = sockets(paths)
	if runtime.GOOS == "windows" {
		e.addresses = append(e.addresses, engineAddress{scheme: "npipe", at: "//./pipe/docker_engine"})
	}
	return e
}

// podmanEngine finds Podman's socket: CONTAINER_HOST, then the user's, then the system's.
func podmanEngine(getenv func(string) string) engine {
	e := engine{kind: PodmanEngine, called: "podman engine", start: "run systemctl --user start podman.socket, set CONTAINER_HOST, or scan the image from a registry or an archive"}
	if host := getenv("CONTAINER_HOST"); host != "" {
		e.addresses = []engineAddress{parseEngineAddress(host)}
		return e
	}
	var paths []string
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		paths = append(paths, filepath.Join(dir, "podman", "podman.sock"))
	}
	e.addresses = sockets(append(paths, "/run/podman/podman.sock"))
	return e
}

// sockets keeps the paths at which there is something, or may be: where the
// folder may not be looked into, dialling says so.
func sockets(paths []string) []engineAddress {
	var found []engineAddress
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil || errors.Is(err, os.ErrPermission) {
			found = append(found, engineAddress{scheme: "unix", at: p, verify: true})
		}
	}
	return found
}

// contextAddress reads the chosen docker context, if it isn't the default one.
// A context is a folder named by the SHA-256 of its name.
func contextAddress(getenv func(string) string) (engineAddress, bool) {
	dir := dockerConfigDir(getenv)
	chosen := getenv("DOCKER_CONTEXT")
	if chosen == "" {
		var config struct{ CurrentContext string }
		if readJSON(filepath.Join(dir, "config.json"), &config) == nil {
			chosen = config.CurrentContext
		}
	}
	if chosen == "" || chosen == "default" {
		return engineAddress{}, false
	}
	id := digest.FromString(chosen).Encoded()
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := readJSON(filepath.Join(dir, "contexts", "meta", id, "meta.json"), &meta); err != nil || meta.Endpoints["docker"].Host == "" {
		return engineAddress{scheme: "context", at: chosen}, true
	}
	a := parseEngineAddress(meta.Endpoints["docker"].Host)
	a.verify = !meta.Endpoints["docker"].SkipTLSVerify
	if certificates := filepath.Join(dir, "contexts", "tls", id, "docker"); exists(certificates) {
		a.certificates = certificates
	}
	return a, true
}

func readJSON(path string, into any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// dial prepares a client; nothing is sent yet.
func (a engineAddress) dial(opts Options) (*connection, error) {
	// No timeout for answers: an engine may prepare an export for minutes.
	t := &http.Transport{
		DisableCompression: true, IdleConnTimeout: answerTimeout,
	}
	c := &connection{client: &http.Client{Transport: engineAgent{t, opts.UserAgent}}}
	dialer := &net.Dialer{Timeout: dialTimeout}
	switch a.scheme {
	case "unix":
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", a.at)
		}
		c.base = "http://engine"
		return c, nil
	case "tcp", "http", "https":
		t.DialContext = dialer.DialContext
		c.base = "http://" + strings.TrimSuffix(a.at, "/")
		if a.certificates == "" && a.scheme != "https" {
			return c, nil
		}
		var err error
		t.TLSClientConfig, err = a.tls(opts)
		c.base = "https://" + strings.TrimSuffix(a.at, "/")
		return c, err
	case "npipe":
		return nil, errors.New("windows named pipes are not supported: let Docker Desktop listen on tcp://localhost:2375 and set DOCKER_HOST, or save the image to an archive")
	case "ssh":
		return nil, errors.New("engines over ssh are not supported: forward the socket (ssh -L) and set DOCKER_HOST, or save the image to an archive")
	case "context":
		return nil, errors.New("the docker context has no readable endpoint: check docker context ls")
	}
	return nil, fmt.Errorf("addresses of the form %s:// are not supported", printable(a.scheme))
}

func (a engineAddress) tls(opts Options) (*tls.Config, error) {
	// Without verification only where the user asked Docker for the same.
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !a.verify}
	if opts.CAFile != "" {
		pool, err := caPool(opts.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	if a.certificates == "" {
		return config, nil
	}
	ca, err := os.ReadFile(filepath.Join(a.certificates, "ca.pem"))
	switch {
	case err == nil:
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, fmt.Errorf("%s holds no certificate", filepath.Join(a.certificates, "ca.pem"))
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	cert, key := filepath.Join(a.certificates, "cert.pem"), filepath.Join(a.certificates, "key.pem")
	if exists(cert) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// engineAgent says who asks.
type engineAgent struct {
	*http.Transport
	agent string
}

func (a engineAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.agent != "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", a.agent)
	}
	return a.Transport.RoundTrip(r)
}
