package image

import (
	"context"
	"strings"
)

// DockerHost returns where a Docker Engine answers, in the form of DOCKER_HOST:
// "unix:///var/run/docker.sock". It is the engine that the source docker: reads
// from. The error is ErrEngineDown or ErrEngineDenied.
func DockerHost(ctx context.Context, opts Options) (string, error) {
	opts = opts.withDefaults()
	e := dockerEngine(opts.Getenv)
	c, err := e.connect(ctx, opts)
	if err != nil {
		return "", err
	}
	defer c.close()
	return strings.TrimPrefix(c.via, e.called+" at "), nil
}
