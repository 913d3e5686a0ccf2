package image

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// Waiting and retrying, in one place.
const (
	dialTimeout      = 20 * time.Second
	handshakeTimeout = 15 * time.Second
	answerTimeout    = 30 * time.Second
	// stallTimeout breaks a download that delivers nothing; it is then resumed.
	stallTimeout = 60 * time.Second
	// maxAttempts bounds the attempts of one request, the first included.
	maxAttempts = 6
	firstWait   = 250 * time.Millisecond
	longestWait = 10 * time.Second
	// longestRetryAfter is the longest wait that a server may ask for; beyond it we give up at once.
	longestRetryAfter = 60 * time.Second
)

// newTransport is the standard library's transport (proxies and SSL_CERT_FILE
// are its business) with timeouts, a private CA, and a guard against plain HTTP.
func newTransport(opts Options) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   handshakeTimeout,
		ResponseHeaderTimeout: answerTimeout,
		ExpectContinueTimeout: time.Second,
		// Blobs are wanted as stored, digests are over those bytes.
		DisableCompression: true,
	}
	if opts.CAFile != "" {
		pool, err := caPool(opts.CAFile)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return t, nil
}

// caPool is the system's certificates and those of a file.
func caPool(path string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s holds no PEM certificate", path)
	}
	return pool, nil
}

// errPlainHTTP refuses an unencrypted connection that wasn't asked for.
var errPlainHTTP = errors.New("plain HTTP is refused")

// guard refuses plain HTTP to other hosts than this one, whoever asks for it:
// a reference, a redirect, or a token server's address.
type guard struct {
	inner http.RoundTripper
	// allowed is set where the user asked for plain HTTP.
	allowed   bool
	userAgent string
}

func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.allowed && !isLoopback(r.URL.Hostname()) {
		return nil, fmt.Errorf("%w for %s: use HTTPS, or allow it with --insecure", errPlainHTTP, r.URL.Hostname())
	}
	if g.userAgent != "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", g.userAgent)
	}
	return g.inner.RoundTrip(r)
}

// isLoopback reports whether a host name can only be this host (RFC 6761, 6.3).
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

func hostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// retrier repeats requests that failed for a reason that may pass: 429, 5xx and
// broken connections. The last answer is returned as it is.
type retrier struct {
	inner http.RoundTripper
	// firstWait is the wait before the second attempt; it doubles.
	firstWait time.Duration
}

func (t retrier) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		resp, err := t.inner.RoundTrip(r)
		if attempt == maxAttempts || !repeatable(r) || !passing(resp, err) || r.Context().Err() != nil {
			return resp, err
		}
		wait := backoff(t.firstWait, attempt)
		if asked, ok := retryAfter(resp, time.Now()); ok {
			if asked > longestRetryAfter {
				return resp, err
			}
			// Never earlier than asked; the jitter keeps a fleet from coming back at once.
			wait = asked + rand.N(t.firstWait+1)
		}
		if resp != nil {
			// Draining a small answer lets the connection be used again.
			_, _ = io.CopyN(io.Discard, resp.Body, maxErrorBody)
			_ = resp.Body.Close()
		}
		if err := sleep(r.Context(), wait); err != nil {
			return nil, err
		}
		if r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			r = r.Clone(r.Context())
			r.Body = body
		}
	}
}

// repeatable reports whether sending the request again is harmless: reads are,
// and a token server's POST is a read too.
func repeatable(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

// passing reports whether the failure may pass by itself.
func passing(resp *http.Response, err error) bool {
	if err != nil {
		return passingError(err)
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// passingError is true for every transport error but those that say that it
// will be the same the next time.
func passingError(err error) bool {
	var (
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		op      *net.OpError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errPlainHTTP):
		return false
	case errors.As(err, &dns):
		return dns.IsTemporary && !dns.IsNotFound
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &unknown):
		return false
	case errors.As(err, &op) && op.Op == "dial":
		// Refused or unroutable: nobody listens, waiting won't help.
		return op.Timeout()
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return false
	}
	return true
}

// backoff is the wait after a failed attempt: doubling, capped, half of it random.
func backoff(first time.Duration, attempt int) time.Duration {
	wait := min(first<<min(attempt-1, 16), longestWait)
	return wait/2 + rand.N(wait/2+1)
}

// retryAfter reads the header (RFC 9110, 10.2.3): seconds or a date.
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkRedirect keeps a registry from sending us to this host's or this
// network's inner services: from a public host to a private address.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	from, to := via[0].URL.Hostname(), r.URL.Hostname()
	if from != to && isInner(to) && !isInner(from) {
		return fmt.Errorf("redirect from %s to the private address %s is refused", from, to)
	}
	return nil
}

func isInner(host string) bool {
	if isLoopback(host) {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	return addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}
