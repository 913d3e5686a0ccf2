package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrNoClient is returned where there is no docker command.
var ErrNoClient = errors.New("there is no docker command")

// ErrNoBuildKit is returned where the client can't build with BuildKit.
var ErrNoBuildKit = errors.New("docker can't build with BuildKit")

// Client is a docker command with an engine behind it.
type Client struct {
	program string
	env     []string
	// plugin is set where building is a plugin's (buildx), which loads what it built
	// into the engine only where told to.
	plugin bool
}

// answerTimeout bounds commands that only ask.
const answerTimeout = 30 * time.Second

// reMajor finds the number of "Docker version 28.2.2, build e6534b4".
var reMajor = regexp.MustCompile(`^Docker version (\d{1,4})\.`)

// Find looks for the docker command on the path. host is where the engine answers,
// in the form of DOCKER_HOST; environ is the environment that the command gets. The
// error wraps ErrNoClient or ErrNoBuildKit.
func Find(ctx context.Context, host string, environ []string) (*Client, error) {
	program, err := exec.LookPath("docker")
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoClient, err)
	}
	c := &Client{program: program, env: append(withoutKeys(environ, "DOCKER_BUILDKIT", "BUILDKIT_PROGRESS"), "DOCKER_BUILDKIT=1", "BUILDKIT_PROGRESS=plain")}
	if strings.HasPrefix(host, "unix://") {
		// The client looks in fewer places. An address of another kind may need the
		// certificates of the context that it was found in.
		c.env = append(withoutKeys(c.env, "DOCKER_HOST", "DOCKER_CONTEXT"), "DOCKER_HOST="+host)
	}
	said, err := c.ask(ctx, "--version")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoClient, err)
	}
	major := reMajor.FindStringSubmatch(said)
	if major == nil {
		return nil, fmt.Errorf("%w: %s is another program: %q", ErrNoClient, program, truncate(strings.TrimSpace(said), 200))
	}
	// From 23.0 on the client hands every build to the plugin
	// (https://docs.docker.com/engine/release-notes/23.0/).
	if n, _ := strconv.Atoi(major[1]); n >= 23 {
		c.plugin = true
		if _, err := c.ask(ctx, "buildx", "version"); err != nil {
			return nil, fmt.Errorf("%w: its plugin buildx is missing: %w", ErrNoBuildKit, err)
		}
	}
	return c, nil
}

// withoutKeys drops variables from an environment.
func withoutKeys(environ []string, names ...string) []string {
	var kept []string
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		drop := false
		for _, n := range names {
			drop = drop || name == n
		}
		if !drop {
			kept = append(kept, v)
		}
	}
	return kept
}

// ask runs a command that answers at once.
func (c *Client) ask(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var out bytes.Buffer
	log := &tail{}
	cmd := c.command(ctx, args)
	cmd.Stdout, cmd.Stderr = &limited{to: &out}, log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, truncate(log.last(), 500))
	}
	return out.String(), nil
}

// command prepares one that is interrupted, not killed, when the context ends: the
// client then tells the engine to stop.
func (c *Client) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.program, args...)
	cmd.Env = c.env
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(os.Interrupt); err == nil {
			return nil
		}
		return cmd.Process.Kill()
	}
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// Remove takes back a name that Build gave, and with it the image where it has no
// other.
func (c *Client) Remove(ctx context.Context, tag string) error {
	if !reTag.MatchString(tag) {
		return fmt.Errorf("%q is no name that was given here", tag)
	}
	_, err := c.ask(ctx, "image", "rm", tag)
	return err
}

func truncate(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
