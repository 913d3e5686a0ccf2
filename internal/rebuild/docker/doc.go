// Package docker owns the one way in which plimsoll lets anything be built: by the
// user's own docker client, with BuildKit, on the engine that the client and package
// image both find.
//
// What the Dockerfile says is run by that engine with its rights, as docker build
// does. No shell is involved on this side: every value is one argument of its own
// behind the flag that it belongs to, and is checked first (Request.check). Only
// images under names that begin with Repository are ever removed, by name.
package docker
