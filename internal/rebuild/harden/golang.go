package harden

import "plimsoll/internal/dockerfile"

func isGo(w *work, s *dockerfile.Stage) bool { return false }

func planGo(w *work, s *dockerfile.Stage) (*plan, string) { return nil, "" }
