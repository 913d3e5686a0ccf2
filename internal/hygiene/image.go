package hygiene

import "plimsoll/internal/dockerfile"

// Image is what ties a File that was made of an image's configuration and history to
// the places in them.
type Image struct{}

func (im *Image) place(f *Finding, in *dockerfile.Instruction) {}
