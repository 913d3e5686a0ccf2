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
