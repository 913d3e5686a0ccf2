package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How stubbornly a broken download is taken up again.
const (
	// maxResumes bounds the resumptions of one download.
	maxResumes = 100
	// maxFruitless bounds those in a row that bring less than fruit.
	maxFruitless = 6
	fruit        = 1 << 20
)

// errShort: the server said that this was all, and it isn't.
var errShort = errors.New("ends too early")

var errStalled = errors.New("no data for " + stallTimeout.String())

// download reads a blob and, when the connection breaks, takes it up again
// where it broke: with a Range request, or by skipping what is known already
// where the server ignores ranges.
type download struct {
	ctx  context.Context
	blob string
	// size is what the descriptor says; -1 where it says nothing.
	size int64
	// fetch asks for the bytes from an offset on; the answer is 200 or 206.
	fetch func(ctx context.Context, offset int64) (*http.Response, error)
	// firstWait and stall are the constants of that name, shorter in tests.
	firstWait, stall time.Duration

	offset int64
	body   io.ReadCloser
	cancel context.CancelFunc
	timer  *time.Timer

	resumes, fruitless int
	progress           int64
	failed             error
}

// start makes the first request, so that its failure is Open's.
func (d *download) start() error {
	err := d.connect()
	if err != nil {
		d.hangUp()
	}
	return err
}

// connect asks for the rest of the blob.
func (d *download) connect() error {
	ctx, cancel := context.WithCancel(d.ctx)
	d.cancel = cancel
	resp, err := d.fetch(ctx, d.offset)
	if err != nil {
		return err
	}
	d.body = resp.Body
	d.timer = time.AfterFunc(d.stall, cancel)
	d.timer.Stop()
	if resp.StatusCode == http.StatusPartialContent {
		return d.checkRange(resp.Header.Get("Content-Range"))
	}
	if d.size >= 0 && resp.ContentLength >= 0 && resp.ContentLength != d.size {
		return &DamagedError{Blob: d.blob, Offset: min(d.size, resp.ContentLength), Reason: fmt.Sprintf("the registry holds %d bytes of it, its descriptor says %d", resp.ContentLength, d.size)}
	}
	return d.skip(d.offset)
}

// checkRange makes sure that the server sends what was asked for.
func (d *download) checkRange(header string) error {
	span, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(header, "bytes")), "/")
	first, _, _ := strings.Cut(strings.TrimSpace(span), "-")
	start, err := strconv.ParseInt(first, 10, 64)
	if err != nil || start != d.offset {
		return fmt.Errorf("asked for bytes from %d on, the server answered with the range %q", d.offset, printable(header))
	}
	return nil
}

// skip reads past the bytes that were delivered before.
func (d *download) skip(n int64) error {
	buf := make([]byte, min(n, 256<<10))
	for n > 0 {
		got, err := d.read(buf[:min(n, int64(len(buf)))])
		n -= int64(got)
		if err != nil && n > 0 {
			if errors.Is(err, io.EOF) {
				err = errShort
			}
			return err
		}
	}
	return nil
}

// read reads from the connection, breaking it when nothing comes.
func (d *download) read(p []byte) (int, error) {
	d.timer.Reset(d.stall)
	n, err := d.body.Read(p)
	d.timer.Stop()
	if errors.Is(err, context.Canceled) && d.ctx.Err() == nil {
		// Nobody else ends this connection but the timer.
		err = errStalled
	}
	return n, err
}

func (d *download) Read(p []byte) (int, error) {
	if d.failed != nil {
		return 0, d.failed
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if d.body == nil {
			if err := d.connect(); err != nil {
				if err := d.retry(err); err != nil {
					return 0, d.fail(err)
				}
				continue
			}
		}
		n, err := d.read(p)
		d.offset += int64(n)
		d.progress += int64(n)
		switch {
		case d.size >= 0 && d.offset > d.size:
			return 0, d.fail(&DamagedError{Blob: d.blob, Offset: d.size, Reason: fmt.Sprintf("it goes on beyond the %d bytes its descriptor says", d.size)})
		case err == nil:
			return n, nil
		case errors.Is(err, io.EOF) && (d.size < 0 || d.offset == d.size):
			d.failed = io.EOF
			return n, io.EOF
		}
		if errors.Is(err, io.EOF) {
			err = errShort
		}
		if err := d.retry(err); err != nil {
			return n, d.fail(err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// retry waits before the next connection, or returns why there is to be none.
func (d *download) retry(cause error) error {
	d.hangUp()
	if err := d.ctx.Err(); err != nil {
		return err
	}
	if classified(cause) {
		return cause
	}
	if errors.Is(cause, fs.ErrNotExist) {
		return &DamagedError{Blob: d.blob, Offset: d.offset, Reason: "the registry has it no longer", Cause: cause}
	}
	if d.progress >= fruit {
		d.fruitless = 0
	}
	d.progress = 0
	d.resumes++
	d.fruitless++
	if d.fruitless > maxFruitless || d.resumes > maxResumes {
		if errors.Is(cause, errShort) {
			return Damaged(d.blob, d.offset, cause)
		}
		return fmt.Errorf("%w: the download of blob %s broke off at byte %d and %d resumptions failed: %w", ErrUnreachable, d.blob, d.offset, d.resumes-1, cause)
	}
	return sleep(d.ctx, backoff(d.firstWait, d.fruitless))
}

func (d *download) fail(err error) error {
	d.hangUp()
	d.failed = err
	return err
}

func (d *download) hangUp() {
	if d.timer != nil {
		d.timer.Stop()
	}
	if d.cancel != nil {
		d.cancel()
	}
	if d.body != nil {
		_ = d.body.Close() // the connection is given up, however it ended
		d.body = nil
	}
}

// Close ends the download.
func (d *download) Close() error {
	d.hangUp()
	if d.failed == nil {
		d.failed = fs.ErrClosed
	}
	return nil
}
