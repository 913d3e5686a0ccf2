package image

import (
	"errors"
	"testing"
)

func TestTheEngineThatImagesAreReadFrom(t *testing.T) {
	socket := serveEngine(t, nil)
	host, err := DockerHost(t.Context(), Options{Getenv: env(map[string]string{"DOCKER_HOST": "unix://" + socket})})
	if err != nil || host != "unix://"+socket {
		t.Errorf("%q, %v", host, err)
	}
	if _, err := DockerHost(t.Context(), Options{Getenv: env(map[string]string{"DOCKER_HOST": "unix:///nonexistent"})}); !errors.Is(err, ErrEngineDown) {
		t.Errorf("none: %v", err)
	}
}
