package harden

import "plimsoll/internal/dockerfile"

func isJava(w *work, s *dockerfile.Stage) bool { return false }

func planJava(w *work, s *dockerfile.Stage) (*plan, string) { return nil, "" }
