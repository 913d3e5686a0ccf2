package harden

import "plimsoll/internal/dockerfile"

func isRust(w *work, s *dockerfile.Stage) bool { return false }

func planRust(w *work, s *dockerfile.Stage) (*plan, string) { return nil, "" }
