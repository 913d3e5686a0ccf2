package harden

import "plimsoll/internal/dockerfile"

func isPHP(w *work, s *dockerfile.Stage) bool { return false }

func planPHP(w *work, s *dockerfile.Stage) (*plan, string) { return nil, "" }
