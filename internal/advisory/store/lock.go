package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lock waits until this process alone may change a database and returns what
// ends that. The operating system drops the lock of a process that dies, so
// there is no stale lock to take over. waiting is called once if another
// process holds it.
func (s *Store) lock(ctx context.Context, k kind, waiting func()) (unlock func(), err error) {
	dir := s.kindDir(k)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("%s: create its folder: %w", k.name, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%s: open lock: %w", k.name, err)
	}
	pause := 50 * time.Millisecond
	for first := true; ; first = false {
		held, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: lock %s: %w", k.name, f.Name(), err)
		}
		if held {
			return func() { f.Close() }, nil
		}
		if first && waiting != nil {
			waiting()
		}
		if err := sleep(ctx, pause); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: wait for another update: %w", k.name, err)
		}
		pause = min(2*pause, 500*time.Millisecond)
	}
}
