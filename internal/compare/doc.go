// Package compare owns what differs: between two images (Of), and the words for
// it that the history of one image uses too.
//
// It works on what package scan examined and judged, and reads no image itself.
package compare
