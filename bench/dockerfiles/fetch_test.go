package main

import "testing"

func TestWhatIsNamedLikeADockerfile(t *testing.T) {
	for name, want := range map[string]bool{
		"Dockerfile": true, "build/Dockerfile.alpine": true, "Dockerfile-debug": true, "dockerfile": true,
		"web.Dockerfile": true, "app.dockerfile": true, "Containerfile": true, "Containerfile.ubi9": true,
		"Dockerfile.dockerignore": false, "Dockerfile.tmpl": false, "dockerfile.go": false, "Dockerfiles/README": false,
		"dockerfiles": false, "DockerfileReader.md": false, "pkg/dockerfile2llb/convert": false,
	} {
		if got := named(name); got != want {
			t.Errorf("named(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestEachPathHasAFileNameOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, path := range []string{"a/b/Dockerfile", "a+b/Dockerfile", "a b/Dockerfile", "a=b/Dockerfile", "a/b/Dockerfile.x"} {
		name := fileName(module{"example.org/m", "v1.0.0"}, path)
		if other, ok := seen[name]; ok {
			t.Errorf("%q and %q are both called %q", path, other, name)
		}
		seen[name] = path
	}
}
