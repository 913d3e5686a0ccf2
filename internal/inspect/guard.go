package inspect

import (
	"context"
	"errors"
	"fmt"

	"plimsoll/internal/evidence"
)

// ErrPanic is wrapped by the error for an inspector that panicked.
var ErrPanic = errors.New("the inspector failed on this file")

// Guard calls a part of an inspector and turns a panic into an error that wraps
// ErrPanic. One hostile file must neither end a scan nor a process that scans
// for others: the file becomes a Problem that marks the verdict incomplete, and
// everything else is still judged. The walker guards every call of its own; an
// inspector guards what it runs in goroutines, where the walker can't.
func Guard(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrPanic, r)
		}
	}()
	return call()
}

func open(ctx context.Context, i StreamInspector, f *File, out *evidence.Fragment) (sink Sink, err error) {
	err = Guard(func() error {
		sink = i.Open(ctx, f, out)
		return nil
	})
	return sink, err
}

func write(s Sink, b []byte) error {
	return Guard(func() error {
		_, err := s.Write(b)
		return err
	})
}
