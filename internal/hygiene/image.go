package hygiene

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// Image is what ties a File that was made of an image's configuration and history to
// the places in them.
type Image struct {
	// places are those of the instructions, by number.
	places []imagePlace
	// Unread counts history lines that could not be read as an instruction.
	Unread int
}

type imagePlace struct {
	where string
	base  bool
}

// ImageInput is an image as its configuration tells of it.
type ImageInput struct {
	Config *v1.ConfigFile
	// Mask returns the text of a place without the secrets in it: history lines
	// (history true, and their number) and fields of the configuration.
	History func(line int) string
	Setting func(field, text string) string
	// Layers gives for each history line the number of the layer that it made, -1 for
	// none; Base is how many layers belong to the base.
	Layers []int
	Base   int
	// Contents are the image's files; nil where they are not known.
	Contents *Contents
}

// FromImage makes a Dockerfile of what an image says of itself: its history's
// commands and copies, and the configuration as instructions behind them. It is not
// the file that the image was built from, but rules that speak of commands and
// settings find them in it.
func FromImage(in ImageInput) (*dockerfile.File, *Image) {
	m := &maker{image: &Image{}, base: baseLines(&in)}
	c := in.Config.Config
	m.add(imagePlace{}, "FROM image")
	shell := c.Shell
	if len(shell) == 0 && strings.EqualFold(in.Config.OS, "windows") {
		shell = []string{"cmd", "/S", "/C"}
	}
	if len(shell) > 0 {
		m.add(inConfig("Shell"), "SHELL "+array(shell))
	}
	for _, variable := range c.Env {
		name, value, _ := strings.Cut(in.Setting("Env."+before(variable), variable), "=")
		m.add(inConfig("Env "+name), "ENV "+name+"="+quote(value))
	}
	for i := range in.Config.History {
		m.line(&in, i)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		m.add(inConfig("Labels "+name), "LABEL "+quote(name)+"="+quote(strings.TrimPrefix(in.Setting("Labels."+name, name+"="+c.Labels[name]), name+"=")))
	}
	for _, port := range slices.Sorted(maps.Keys(c.ExposedPorts)) {
		m.add(inConfig("ExposedPorts"), "EXPOSE "+port)
	}
	for _, path := range slices.Sorted(maps.Keys(c.Volumes)) {
		m.add(inConfig("Volumes"), "VOLUME "+array([]string{path}))
	}
	for _, trigger := range c.OnBuild {
		m.add(inConfig("OnBuild"), "ONBUILD "+oneLine(in.Setting("OnBuild", trigger)))
	}
	if c.WorkingDir != "" {
		m.add(inConfig("WorkingDir"), "WORKDIR "+escaped(c.WorkingDir))
	}
	switch {
	case c.User != "":
		m.add(inConfig("User"), "USER "+escaped(c.User))
	case m.user:
		m.add(inConfig("User"), "USER root")
	}
	m.healthcheck(&in)
	for _, start := range []struct {
		field string
		words []string
	}{{"Entrypoint", c.Entrypoint}, {"Cmd", c.Cmd}} {
		if len(start.words) > 0 {
			words := slices.Clone(start.words)
			for i := range words {
				words[i] = in.Setting(start.field, words[i])
			}
			m.add(inConfig(start.field), strings.ToUpper(start.field)+" "+array(words))
		}
	}
	f, err := dockerfile.Parse("image", []byte(m.source.String()))
	if err != nil {
		// Each instruction was accepted by itself, so that this says nothing of the image.
		f, _ = dockerfile.Parse("image", []byte("FROM image\n"))
		m.image.places = m.image.places[:1]
	}
	return f, m.image
}

func inConfig(field string) imagePlace { return imagePlace{where: "configuration: " + field} }

func before(variable string) string {
	name, _, _ := strings.Cut(variable, "=")
	return name
}

// maker writes a file.
type maker struct {
	source strings.Builder
	image  *Image
	// base tells of each history line whether it belongs to the base.
	base []bool
	// user is set once a history line set the user.
	user bool
}

// baseLines tells which history lines made the base. A line without a layer belongs
// where the next layer belongs.
func baseLines(in *ImageInput) []bool {
	base := make([]bool, len(in.Config.History))
	next := false
	for i := len(base) - 1; i >= 0; i-- {
		if i < len(in.Layers) && in.Layers[i] >= 0 {
			next = in.Layers[i] < in.Base
		}
		base[i] = next
	}
	return base
}

// An image may claim a million history lines: what lies beyond these is not read.
const (
	maxImageInstructions = 2000
	maxImageText         = 1 << 20
)

// add writes one instruction that the parser takes for exactly one.
func (m *maker) add(at imagePlace, text string) bool {
	if len(m.image.places) >= maxImageInstructions || m.source.Len()+len(text) > maxImageText {
		m.image.Unread++
		return false
	}
	if m.source.Len() > 0 { // the FROM is ours
		f, err := dockerfile.Parse("image", []byte("FROM image\n"+text+"\n"))
		if err != nil || len(f.Instructions) != 2 {
			m.image.Unread++
			return false
		}
	}
	m.source.WriteString(text + "\n")
	m.image.places = append(m.image.places, at)
	return true
}

// line writes a history line.
func (m *maker) line(in *ImageInput, i int) {
	if len(m.image.places) >= maxImageInstructions {
		m.image.Unread++
		return
	}
	at := imagePlace{where: fmt.Sprintf("history line %d", i), base: m.base[i]}
	c := dockerfile.ReadCreatedBy(in.History(i))
	if c.Run {
		for _, a := range c.Arguments {
			name, value, _ := strings.Cut(a, "=")
			m.add(at, "ARG "+name+"="+quote(value))
		}
		if c.Command != "" {
			m.add(at, heredoc(c.Command))
		}
		return
	}
	keyword, rest, _ := strings.Cut(c.Command, " ")
	rest = strings.TrimSpace(oneLine(rest))
	switch strings.ToUpper(keyword) {
	case "COPY", "ADD":
		// The old builder wrote a digest and "in": COPY file:4f1a… in /app.
		if source, target, ok := strings.Cut(rest, " in "); ok && strings.Contains(source, ":") {
			rest = source + " " + target
		}
		m.add(at, strings.ToUpper(keyword)+" "+rest)
	case "USER":
		m.user = m.add(at, "USER "+rest) || m.user
	case "WORKDIR", "SHELL":
		m.add(at, strings.ToUpper(keyword)+" "+rest)
	}
}

// heredoc writes a command of any content.
func heredoc(command string) string {
	end := "PLIMSOLL"
	for strings.Contains(command, end) {
		end += "_"
	}
	return "RUN <<'" + end + "'\n" + command + "\n" + end
}

func (m *maker) healthcheck(in *ImageInput) {
	h := in.Config.Config.Healthcheck
	if h == nil || len(h.Test) == 0 {
		return
	}
	at := inConfig("Healthcheck")
	masked := make([]string, 0, len(h.Test))
	for _, w := range h.Test[1:] {
		masked = append(masked, in.Setting("Healthcheck", w))
	}
	switch h.Test[0] {
	case "NONE":
		m.add(at, "HEALTHCHECK NONE")
	case "CMD":
		m.add(at, "HEALTHCHECK CMD "+array(masked))
	case "CMD-SHELL":
		m.add(at, "HEALTHCHECK CMD "+oneLine(strings.Join(masked, " ")))
	}
}

func array(words []string) string {
	b, err := json.Marshal(words)
	if err != nil {
		return "[]"
	}
	return string(b)
}

// quote writes a value that stands for itself.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", " ", "\r", " ").Replace(s) + `"`
}

func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, "$", `\$`, "\n", " ", "\r", " ").Replace(s)
}

func oneLine(s string) string {
	return strings.TrimRight(strings.NewReplacer("\n", " ", "\r", " ").Replace(s), `\ `)
}

// CheckImage applies the rules that speak of images.
func CheckImage(in ImageInput, rules []Rule, now time.Time) []Finding {
	f, image := FromImage(in)
	l := &Lint{File: f, Image: image, Options: Options{Now: now}}
	l.list()
	if in.Contents != nil {
		l.contents = in.Contents.walk()
	}
	return l.run(rules)
}

// place gives a finding its place in the image.
func (im *Image) place(f *Finding, in *dockerfile.Instruction) {
	f.Range, f.Stage, f.Final = dockerfile.Range{}, "", true
	f.Where = "configuration"
	if in == nil || in.Index >= len(im.places) {
		return
	}
	if at := im.places[in.Index]; at.where != "" {
		f.Where, f.Base = at.where, at.base
	}
	if in.Keyword == "from" {
		f.Instruction = ""
	}
	if f.Base {
		// Whoever builds on a base can only choose another.
		f.Severity = min(f.Severity, advisory.Low)
	}
}
