package zipread

import (
	"errors"
	"io"

	"plimsoll/internal/inspect"
)

// Sink turns what is written to it into a reader, since archives are read from
// one end to the other but layers are written to inspectors.
type Sink struct {
	w     *io.PipeWriter
	done  chan struct{}
	close func() error
	// failed is a panic of the reader's, set before done is closed.
	failed error
}

// NewSink runs read in a goroutine, which ends before Close returns. Close
// then returns what the function after gives.
func NewSink(read func(io.Reader), after func() error) *Sink {
	r, w := io.Pipe()
	s := &Sink{w: w, done: make(chan struct{}), close: after}
	go func() {
		defer close(s.done)
		s.failed = inspect.Guard(func() error {
			read(r)
			return nil
		})
		r.CloseWithError(inspect.ErrEnough)
	}()
	return s
}

// Write implements io.Writer. It returns inspect.ErrEnough once the reader wants
// no more.
func (s *Sink) Write(p []byte) (int, error) { return s.w.Write(p) }

// Close implements io.Closer.
func (s *Sink) Close() error {
	s.w.Close()
	<-s.done
	return errors.Join(s.failed, s.close())
}
