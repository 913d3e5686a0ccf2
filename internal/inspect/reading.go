package inspect

import (
	"errors"
	"io"
)

// Reading is a Sink for an inspector that reads: what is written to it comes out
// of a reader, since formats are read from one end to the other but layers are
// written to inspectors.
type Reading struct {
	w     *io.PipeWriter
	done  chan struct{}
	after func() error
	// failed is a panic of the reader's, set before done is closed.
	failed error
}

// NewReading runs read in a goroutine, which ends before Close returns. Close
// then returns what the function after gives.
func NewReading(read func(io.Reader), after func() error) *Reading {
	r, w := io.Pipe()
	s := &Reading{w: w, done: make(chan struct{}), after: after}
	go func() {
		defer close(s.done)
		s.failed = Guard(func() error {
			read(r)
			return nil
		})
		r.CloseWithError(ErrEnough)
	}()
	return s
}

// Write implements io.Writer. It returns ErrEnough once the reader wants no more.
func (s *Reading) Write(p []byte) (int, error) { return s.w.Write(p) }

// Close implements io.Closer.
func (s *Reading) Close() error {
	s.w.Close()
	<-s.done
	return errors.Join(s.failed, s.after())
}
