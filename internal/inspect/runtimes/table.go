package runtimes

import "slices"

// table lists every row. The order matters inside a group only.
func table() []classifier {
	return slices.Concat(
		languages(),
		virtualMachines(),
		javaLaunchers(),
		webServers(),
		networkServers(),
		databases(),
		mysqlFamily(),
		goPrograms(),
		tools(),
		mediaTools(),
		libraries(),
		cryptoLibraries(),
		applications(),
	)
}

// Expressions that many rows share. xyz is a version of three numbers.
const (
	xyz    = `[0-9]+\.[0-9]+\.[0-9]+`
	xyOrZ  = `[0-9]+\.[0-9]+(?:\.[0-9]+)?`
	preRel = `(?:-?(?:alpha|beta|rc|RC)\.?[0-9]+)?`
)
