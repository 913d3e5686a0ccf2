package store

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	headerTimeout = 30 * time.Second
	// idleTimeout ends a transfer that brings nothing.
	idleTimeout = 60 * time.Second
	// resumes bounds how often one transfer is taken up again at the same
	// mirror, and only while each time brings something.
	resumes = 10
	// minProgress is what a broken transfer must have brought to be taken up
	// again at once.
	minProgress = 1
)

// statusError is an answer other than the one hoped for.
type statusError struct {
	code int
	// after is what Retry-After asks for, 0 where it is absent.
	after time.Duration
	text  string
}

func (e *statusError) Error() string {
	s := fmt.Sprintf("%d %s", e.code, http.StatusText(e.code))
	if e.code == http.StatusTooManyRequests {
		s += " (rate limited)"
	}
	if e.text != "" {
		s += ": " + e.text
	}
	return s
}

func newStatusError(resp *http.Response, now time.Time) *statusError {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
	return &statusError{code: resp.StatusCode, after: retryAfter(resp.Header, now), text: oneLine(string(text))}
}

// oneLine makes a server's text safe to print.
func oneLine(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(clean), " ")
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 1<<31 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// gate is the transport below everything: it lets plain HTTP through to
// loopback only, unless it was asked for, and keeps the last Retry-After, which
// the registry client above it drops.
type gate struct {
	base  http.RoundTripper
	plain bool
	now   func() time.Time

	mu    sync.Mutex
	after time.Duration
}

func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" && !g.plain && !isLoopback(req.URL.Hostname()) {
		return nil, fmt.Errorf("refuse %s without TLS to %s: allow plain HTTP if it is meant", req.URL.Scheme, req.URL.Host)
	}
	resp, err := g.base.RoundTrip(req)
	if err == nil && resp.StatusCode >= 400 {
		g.mu.Lock()
		g.after = retryAfter(resp.Header, g.now())
		g.mu.Unlock()
	}
	return resp, err
}

func (g *gate) lastRetryAfter() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.after
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// newTransport honours proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) and private
// certificate authorities (caFile, SSL_CERT_FILE) beside the system's.
func newTransport(caFile string, getenv func(string) string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   2,
		ForceAttemptHTTP2:     true,
		// The stored bytes are wanted, for their digest and for ranges.
		DisableCompression: true,
	}
	var files []string
	for _, f := range []string{getenv("SSL_CERT_FILE"), caFile} {
		if f != "" {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return t, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, f := range files {
		pem, err := readBounded(f, 16<<20)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authorities: %s holds no PEM certificate", f)
		}
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// download is one archive on its way into a partial file.
type download struct {
	offer offer
	path  string
	limit int64
	now   func() time.Time
	idle  time.Duration
	// progress is told the bytes there are and the total, 0 where unknown.
	progress func(done, total int64)

	file  *os.File
	hash  hash.Hash
	have  int64
	total int64
}

// run completes the partial file and verifies it. A partial file that turns
// out wrong is deleted; one that is merely short is kept for the next try.
func (d *download) run(ctx context.Context) error {
	if err := d.open(); err != nil {
		return local(err)
	}
	defer d.file.Close()
	resumed := d.have > 0
	for try := 0; !d.complete(); try++ {
		before := d.have
		err := d.transfer(ctx)
		if err == nil {
			break
		}
		var status *statusError
		if ctx.Err() != nil || isLocal(err) || errors.As(err, &status) || errors.Is(err, errTooLong) ||
			try == resumes || d.have-before < minProgress {
			return err
		}
		resumed = true
	}
	if got := "sha256:" + hex.EncodeToString(d.hash.Sum(nil)); got != d.offer.digest {
		d.file.Close()
		os.Remove(d.path)
		err := fmt.Errorf("digest is %s instead of %s", got, d.offer.digest)
		if resumed {
			// The earlier part may be to blame: worth one more try from the start.
			return &retryableError{damaged(err)}
		}
		return damaged(err)
	}
	return local(d.file.Sync())
}

// complete reports whether nothing is left to ask for.
func (d *download) complete() bool { return d.offer.size >= 0 && d.have == d.offer.size }

// open takes up the partial file of an earlier attempt.
func (d *download) open() (err error) {
	d.hash = sha256.New()
	if d.file, err = os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return err
	}
	if d.have, err = io.Copy(d.hash, d.file); err != nil {
		d.file.Close()
		return err
	}
	if d.have > d.limit || d.offer.size >= 0 && d.have > d.offer.size {
		return d.restart()
	}
	return nil
}

func (d *download) restart() error {
	d.have = 0
	d.hash.Reset()
	if err := d.file.Truncate(0); err != nil {
		return err
	}
	_, err := d.file.Seek(0, io.SeekStart)
	return err
}

var errTooLong = errors.New("longer than announced")

// transfer asks once for what is missing and appends what comes.
func (d *download) transfer(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	resp, err := d.offer.get(ctx, d.have)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		if d.have > 0 {
			if err := d.restart(); err != nil {
				return local(err)
			}
		}
		d.total = max(resp.ContentLength, 0)
	case http.StatusPartialContent:
		start, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || start != d.have {
			return fmt.Errorf("asked for bytes from %d and got %q", d.have, oneLine(resp.Header.Get("Content-Range")))
		}
		d.total = total
	case http.StatusRequestedRangeNotSatisfiable:
		return d.rangeRefused(resp)
	default:
		return newStatusError(resp, d.now())
	}
	if d.offer.size >= 0 {
		d.total = d.offer.size
	}
	err = d.append(&idleReader{r: resp.Body, after: d.idle, cancel: cancel})
	if err != nil && parent.Err() == nil && ctx.Err() != nil {
		return &retryableError{fmt.Errorf("connection broke at byte %d: %w", d.have, context.Cause(ctx))}
	}
	return err
}

// rangeRefused: either everything is there already, or the partial file is
// longer than what is published now.
func (d *download) rangeRefused(resp *http.Response) error {
	if _, total, ok := contentRange(resp.Header.Get("Content-Range")); ok && total == d.have {
		return nil
	}
	if err := d.restart(); err != nil {
		return local(err)
	}
	return &retryableError{errors.New("range was refused: starting over")}
}

func (d *download) append(body *idleReader) error {
	limit := d.limit
	if d.total > 0 {
		limit = min(limit, d.total)
	}
	buf := make([]byte, 128<<10)
	for {
		n, rerr := body.Read(buf)
		if n > 0 {
			if d.have+int64(n) > limit {
				_ = d.restart()
				return fmt.Errorf("%w: more than %d bytes", errTooLong, limit)
			}
			if _, err := d.file.Write(buf[:n]); err != nil {
				_ = d.restart() // what was written may be torn
				return local(err)
			}
			d.hash.Write(buf[:n])
			d.have += int64(n)
			d.progress(d.have, d.total)
		}
		if errors.Is(rerr, io.EOF) {
			if d.total > 0 && d.have < d.total {
				return &retryableError{fmt.Errorf("connection ended at byte %d of %d", d.have, d.total)}
			}
			return nil
		}
		if rerr != nil {
			return &retryableError{fmt.Errorf("connection broke at byte %d: %w", d.have, rerr)}
		}
	}
}

// contentRange reads "bytes 5-9/10" and "bytes */10"; total is 0 where it is "*".
func contentRange(s string) (start, total int64, ok bool) {
	rest, ok := strings.CutPrefix(s, "bytes ")
	if !ok {
		return 0, 0, false
	}
	span, size, ok := strings.Cut(rest, "/")
	if !ok {
		return 0, 0, false
	}
	if size != "*" {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil || n < 0 {
			return 0, 0, false
		}
		total = n
	}
	if span == "*" {
		return -1, total, true
	}
	first, _, _ := strings.Cut(span, "-")
	start, err := strconv.ParseInt(first, 10, 64)
	return start, total, err == nil && start >= 0
}

// idleReader gives up on a body that brings nothing for a while.
type idleReader struct {
	r      io.Reader
	after  time.Duration
	cancel context.CancelCauseFunc
}

func (i *idleReader) Read(p []byte) (int, error) {
	t := time.AfterFunc(i.after, func() { i.cancel(fmt.Errorf("no byte for %s", i.after)) })
	defer t.Stop()
	return i.r.Read(p)
}

// retryableError says that trying again may help although the cause is no
// status and no broken connection.
type retryableError struct{ err error }

func (e *retryableError) Error() string { return e.err.Error() }
func (e *retryableError) Unwrap() error { return e.err }

// retryable reports whether another round may help, and how long to wait at least.
func retryable(err error) (wait time.Duration, ok bool) {
	var again *retryableError
	if errors.As(err, &again) {
		return 0, true
	}
	var status *statusError
	if errors.As(err, &status) {
		switch status.code {
		case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return status.after, true
		}
		return 0, false
	}
	for _, final := range []error{ErrDamaged, ErrSchema, ErrEndOfLife, errTooLong, errBehind, fs.ErrPermission} {
		if errors.Is(err, final) {
			return 0, false
		}
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return 0, false
	}
	var network net.Error
	var address *url.Error
	return 0, errors.As(err, &network) || errors.As(err, &address) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// partialPath makes the place of a partial download and deletes those of
// archives that are no longer published. The lock must be held.
func (s *Store) partialPath(k kind, digest string) (string, error) {
	dir := filepath.Join(s.kindDir(k), partialDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", local(err)
	}
	path := filepath.Join(dir, strings.TrimPrefix(digest, "sha256:")+".part")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", local(err)
	}
	for _, e := range entries {
		if old := filepath.Join(dir, e.Name()); old != path {
			os.Remove(old)
		}
	}
	return path, nil
}
