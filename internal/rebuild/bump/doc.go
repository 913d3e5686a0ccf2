// Package bump owns the advice on a base image: which versions and variants of
// it are near, what each would clear, add and leave, and which is the smallest
// step that clears the most.
//
// It opens no image and asks no registry itself: Input brings the functions that
// do. The way through: tag.go reads tags, distance.go says how far apart two are,
// choose.go picks the few worth a scan out of a repository's thousands, weigh.go
// holds findings against findings, recommend.go decides, and advise.go runs it.
package bump
