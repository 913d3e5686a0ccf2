package harden

import "plimsoll/internal/dockerfile"

func isDotnet(w *work, s *dockerfile.Stage) bool { return false }

func planDotnet(w *work, s *dockerfile.Stage) (*plan, string) { return nil, "" }
