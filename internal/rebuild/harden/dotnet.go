package harden

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

func isDotnet(w *work, s *dockerfile.Stage) bool {
	r := parseReference(s.Image)
	return r.registry == "mcr.microsoft.com" && r.repository == "dotnet/sdk"
}

// reDotnetTag is a version with what it stands on: 8.0, 8.0-bookworm-slim, 9.0-alpine
// (https://github.com/dotnet/dotnet-docker/blob/main/documentation/supported-tags.md).
var reDotnetTag = regexp.MustCompile(`^(\d+)\.0(?:-(?:bookworm-slim|alpine|jammy|noble))?$`)

// planDotnet publishes with the SDK and runs with the runtime.
func planDotnet(w *work, s *dockerfile.Stage) (*plan, string) {
	publish := lastInstall(s, func(c *dockerfile.Command) bool { return c.Name == "dotnet" && c.Subcommand() == "publish" })
	if publish == nil {
		return nil, "nothing here publishes the program before it is started"
	}
	r := parseReference(s.Image)
	if !reDotnetTag.MatchString(r.tag) {
		return nil, "the tag does not tell which runtime it is"
	}
	if w.files == nil {
		return nil, "the build context is not known: it is not told whether the program needs ASP.NET Core"
	}
	runtime, reason := w.dotnetRuntime()
	if reason != "" {
		return nil, reason
	}
	out := ""
	for _, c := range publish.Commands() {
		if v, ok := c.FlagValue("-o", "--output"); ok && c.Subcommand("-c", "-o", "-r", "--configuration", "--output", "--runtime") == "publish" && v.Known {
			out = v.Text
		}
	}
	if out == "" {
		return nil, "it is not known where the program is published to"
	}
	c := &compiled{
		w: w, s: s, base: reference{registry: r.registry, repository: "dotnet/" + runtime}.withTag(r.tag), tools: []string{"dotnet"},
		toolVariables: []string{"NUGET_", "DOTNET_CLI_", "MSBUILD"},
		sources:       func(string) bool { return true }, // publish takes what is content into its folder
		why:           ".NET's runtime without its SDK, and what was published",
	}
	if runtime == "aspnet" && !w.saysPort(s) {
		return nil, "it listens at port 5000 of localhost with the SDK's settings and at port 8080 with the runtime's: say with ASPNETCORE_HTTP_PORTS which it shall be"
	}
	start, words, ok := c.startPath()
	if !ok || path.Base(words[0]) != "dotnet" || len(words) < 2 || !strings.HasSuffix(words[1], ".dll") {
		return nil, "the program is not started by dotnet and its .dll in exec form"
	}
	folder := c.absolute(out, publish)
	if path.Dir(c.absolute(words[1], start)) != folder || folder == "/" || slices.Contains(systemFolders, folder) {
		return nil, "it is not told that what is started is what was published"
	}
	c.replace = func(*dockerfile.Instruction) string { return "" }
	return c.plan([][2]string{{folder, folder}})
}

// dotnetRuntime tells by the project's SDK which runtime the program needs.
func (w *work) dotnetRuntime() (string, string) {
	files, _ := w.files.Files()
	runtime := ""
	for _, f := range files {
		if path.Ext(f) != ".csproj" && path.Ext(f) != ".fsproj" && path.Ext(f) != ".vbproj" || isTest(f) {
			continue
		}
		content, _ := w.files.Read(f)
		kind := "runtime"
		if strings.Contains(string(content), "Microsoft.NET.Sdk.Web") || strings.Contains(string(content), "Microsoft.AspNetCore.App") {
			kind = "aspnet"
		}
		if kind == "aspnet" || runtime == "" {
			runtime = kind
		}
		if strings.Contains(string(content), "<SelfContained>true") || strings.Contains(string(content), "PublishAot") {
			return "", "the program brings its own runtime"
		}
	}
	if runtime == "" {
		return "", "no project file was found"
	}
	return runtime, ""
}

// saysPort tells whether a stage says where the program listens.
func (w *work) saysPort(s *dockerfile.Stage) bool {
	for _, in := range s.Instructions {
		for _, p := range in.Pairs() {
			if in.Keyword == "env" && slices.Contains([]string{"ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "DOTNET_URLS", "URLS"}, p.Name) {
				return true
			}
		}
	}
	return false
}
