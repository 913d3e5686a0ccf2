package image

import "errors"

// ErrStreamed is returned by Layer.Open for a layer that could be read only
// while its source was opened.
var ErrStreamed = errors.New("layer was already streamed")
