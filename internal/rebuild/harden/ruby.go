package harden

import "plimsoll/internal/dockerfile"

func isRuby(w *work, s *dockerfile.Stage) bool { return false }

func planRuby(w *work, s *dockerfile.Stage) (*plan, string) { return nil, "" }
