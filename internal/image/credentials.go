package image

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// credentials finds what Docker or Podman would send to a repository. Every
// file is asked in turn until one knows the repository, a parent of it, or its
// registry. A file or a credential helper that fails doesn't end the search,
// since most images need no credentials; the problem is returned beside, to be
// told if the registry then asks for some.
func credentials(getenv func(string) string, repo name.Repository) (authn.Authenticator, error) {
	var problems []error
	keys := credentialKeys(repo)
	if raw := getenv("DOCKER_AUTH_CONFIG"); raw != "" {
		auth, err := credentialsIn([]byte(raw), keys)
		if err != nil {
			problems = append(problems, fmt.Errorf("DOCKER_AUTH_CONFIG: %w", err))
		}
		if auth != nil {
			return auth, nil
		}
	}
	for _, path := range credentialFiles(getenv) {
		raw, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		auth, err := credentialsIn(raw, keys)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", path, err))
		}
		if auth != nil {
			return auth, nil
		}
	}
	return authn.Anonymous, errors.Join(problems...)
}

// credentialFiles lists them in order: what was named by a variable first, then
// Docker's, then Podman's (containers-auth.json(5)).
func credentialFiles(getenv func(string) string) []string {
	var files []string
	add := func(path string) {
		if path = filepath.Clean(path); !slices.Contains(files, path) {
			files = append(files, path)
		}
	}
	if path := getenv("REGISTRY_AUTH_FILE"); path != "" {
		add(path)
	}
	if dir := dockerConfigDir(getenv); dir != "" {
		add(filepath.Join(dir, "config.json"))
	}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		add(filepath.Join(dir, "containers", "auth.json"))
	}
	configHome := getenv("XDG_CONFIG_HOME")
	if configHome == "" {
		if home := homeDir(getenv); home != "" {
			configHome = filepath.Join(home, ".config")
		}
	}
	if configHome != "" {
		add(filepath.Join(configHome, "containers", "auth.json"))
	}
	return files
}

// dockerConfigDir is $DOCKER_CONFIG or ~/.docker.
func dockerConfigDir(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	if home := homeDir(getenv); home != "" {
		return filepath.Join(home, ".docker")
	}
	return ""
}

func homeDir(getenv func(string) string) string {
	if home := getenv("HOME"); home != "" {
		return home
	}
	return getenv("USERPROFILE")
}

// credentialKeys are the names under which credentials may be kept, from the
// repository up to the registry.
func credentialKeys(repo name.Repository) []string {
	registry := repo.RegistryStr()
	var keys []string
	path := repo.RepositoryStr()
	for path != "" {
		keys = append(keys, registry+"/"+path)
		if registry == name.DefaultRegistry {
			keys = append(keys, "docker.io/"+path)
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
	if registry == name.DefaultRegistry {
		return append(keys, authn.DefaultAuthKey, "docker.io", registry)
	}
	return append(keys, registry)
}

// credentialsIn returns nil where the file knows none of the keys.
func credentialsIn(raw []byte, keys []string) (authn.Authenticator, error) {
	file, err := config.LoadFromReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("not a credential file: %w", err)
	}
	var problems []error
	for i, key := range keys {
		// A helper knows hosts, not paths; starting it for each would be slow.
		isHost := i >= len(keys)-1 || !strings.Contains(key, "/") || key == authn.DefaultAuthKey
		_, inFile := file.AuthConfigs[key]
		_, inHelpers := file.CredentialHelpers[key]
		if !isHost && !inFile && !inHelpers {
			continue
		}
		found, err := file.GetAuthConfig(key)
		if err != nil {
			problems = append(problems, fmt.Errorf("credentials for %s: %w", key, err))
			continue
		}
		found.ServerAddress = ""
		if found != (types.AuthConfig{}) {
			return authn.FromConfig(authn.AuthConfig{
				Username: found.Username, Password: found.Password, Auth: found.Auth,
				IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
			}), nil
		}
	}
	return nil, errors.Join(problems...)
}
