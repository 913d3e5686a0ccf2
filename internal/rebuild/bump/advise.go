package bump

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/distro"
	"plimsoll/internal/image"
	"plimsoll/internal/inventory"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/verdict"
)

// Input is what Advise works with.
type Input struct {
	// Subject is the image or the Dockerfile asked about, for people.
	Subject string
	Stage   *Stage
	Base    *base.Base
	// Image is the image that holds the base's layers: the one asked about, or, of
	// a Dockerfile, the base itself. Below is what the base's layers hold alone.
	Image Side
	Below *inventory.Inventory
	// Candidates are references that were given; then no tags are asked for.
	Candidates []string
	// Tags lists the tags of a reference's repository; nil where no registry may
	// be asked.
	Tags func(ctx context.Context, reference string) (*image.TagList, error)
	// Examine opens, examines and judges a candidate for the image's platform.
	Examine func(ctx context.Context, reference string) (*Side, error)
	// Max bounds the candidates taken from a list of tags.
	Max int
	Now time.Time
}

// Advise finds candidates, examines them one after another, and recommends. It
// fails only where the context ends; what else went wrong is in the advice.
func Advise(ctx context.Context, in Input) (*Advice, error) {
	v := in.Image.Verdict
	a := &Advice{
		Subject: in.Subject, Platform: v.Image.Platform, Stage: in.Stage, Base: *in.Base, Databases: v.Coverage.Databases,
		Candidates: []Candidate{}, NotConsidered: []Left{}, Complete: v.Coverage.Complete,
	}
	for _, s := range v.Coverage.Skipped {
		if s.Incomplete {
			a.Skipped = append(a.Skipped, s)
		}
	}
	a.Notes = append(a.Notes, v.Coverage.Warnings...)
	s, application := split(v, in.Base.Layers, in.Below, in.Now)
	a.Before, a.Application, a.Replaced = &s.standing, application, len(s.replaced)
	asked, err := in.candidates(ctx, a)
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for _, c := range asked {
		side, err := in.Examine(ctx, c.reference)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			a.leave(c.reference, err)
			continue
		}
		in.take(a, &s, c, side, seen)
	}
	recommend(a)
	return a, nil
}

// wanted is a candidate before it is opened.
type wanted struct {
	reference string
	distance  *Distance
}

// candidates are those given, or the steps from the base in its repository.
func (in *Input) candidates(ctx context.Context, a *Advice) ([]wanted, error) {
	if len(in.Candidates) > 0 {
		var all []wanted
		for _, ref := range in.Candidates {
			all = append(all, wanted{reference: ref, distance: in.byTag(ref)})
		}
		return all, nil
	}
	repository, tag := splitTag(in.Base.Reference)
	switch {
	case in.Base.Reference == "":
		return nil, nil
	case tag == "":
		a.NotConsidered = append(a.NotConsidered, Left{What: "the tags of " + repository, Reason: "the base is named without a tag to start from: name one with --base, as in --base " + repository + ":TAG"})
		return nil, nil
	case in.Tags == nil:
		return []wanted{{in.Base.Reference, &Distance{Parts: []Class{Rebuilt}}}}, nil
	}
	list, err := in.Tags(ctx, in.Base.Reference)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		a.Complete = false
		a.NotConsidered = append(a.NotConsidered, Left{What: "other tags of " + repository, Reason: "the list could not be read: " + err.Error(), Failed: true})
		list = &image.TagList{}
	}
	if list.Cut {
		a.NotConsidered = append(a.NotConsidered, Left{What: "further tags of " + repository, Reason: fmt.Sprintf("the registry lists more than the %d that are read", len(list.Tags))})
	}
	choices, left := choose(repository, tag, list.Tags, max(in.Max, 1))
	if err == nil {
		a.NotConsidered = append(a.NotConsidered, left...)
	}
	if name := distroless(repository); name != "" {
		a.NotConsidered = append(a.NotConsidered, Left{What: "distroless images", Reason: "they lie in repositories of their own: name them, as in --candidates " + name})
	}
	all := make([]wanted, len(choices))
	for i, c := range choices {
		all[i] = wanted{repository + ":" + c.tag, &c.distance}
	}
	return all, nil
}

// distroless names an image without shell and package manager for the official
// repositories (github.com/GoogleContainerTools/distroless); empty for others.
func distroless(repository string) string {
	switch repository[strings.LastIndexByte(repository, '/')+1:] {
	case "python":
		return "gcr.io/distroless/python3-debian12"
	case "node":
		return "gcr.io/distroless/nodejs22-debian12"
	case "openjdk", "eclipse-temurin", "amazoncorretto":
		return "gcr.io/distroless/java21-debian12"
	case "debian":
		return "gcr.io/distroless/base-debian12"
	}
	return ""
}

// byTag tells how far a given candidate is, where base and candidate have names
// of one repository; nil where their tags don't say.
func (in *Input) byTag(reference string) *Distance {
	repository, tag := splitTag(in.Base.Reference)
	other, otherTag := splitTag(strings.TrimPrefix(reference, "docker://"))
	if tag == "" || otherTag == "" || repository != other {
		return nil
	}
	from, ok1 := ParseTag(repository, tag)
	to, ok2 := ParseTag(repository, otherTag)
	if !ok1 || !ok2 {
		return nil
	}
	if n, why := step(from, to); why == "" {
		return &n.distance
	}
	return nil
}

// splitTag cuts "registry:5000/team/app:1.2" before its tag; a digest goes with it.
func splitTag(reference string) (repository, tag string) {
	reference, _, _ = strings.Cut(reference, "@")
	at := strings.LastIndexByte(reference, ':')
	if at < 0 || strings.Contains(reference[at:], "/") {
		return reference, ""
	}
	return reference[:at], reference[at+1:]
}

// leave lists what could not be read. A name or a platform that is not there is an
// answer; anything else leaves the advice incomplete.
func (a *Advice) leave(reference string, err error) {
	l := Left{What: reference, Reason: err.Error()}
	for _, kind := range []error{image.ErrNotFound, image.ErrNoTag, image.ErrNoPlatform, image.ErrNotImage} {
		if errors.Is(err, kind) {
			a.NotConsidered = append(a.NotConsidered, l)
			return
		}
	}
	l.Failed = true
	a.Complete = false
	a.NotConsidered = append(a.NotConsidered, l)
}

// take weighs a candidate, unless it is the base itself or one that was there.
func (in *Input) take(a *Advice, s *subject, w wanted, side *Side, seen map[string]int) {
	own := in.Image.DiffIDs[:min(in.Base.Layers, len(in.Image.DiffIDs))]
	if slices.Equal(side.DiffIDs, own) {
		a.current = true
		a.NotConsidered = append(a.NotConsidered, Left{What: w.reference, Reason: "it is the base as it is: the same layers"})
		return
	}
	key := strings.Join(side.DiffIDs, " ")
	c, runtimes := weighCandidate(s, side, in.Now)
	c.Reference = w.reference
	if side.Pulled {
		c.From, _, _ = strings.Cut(strings.TrimPrefix(w.reference, "docker://"), "@")
		c.From += "@" + c.Digest
	}
	c.Distance, c.Told = in.distance(s, w, side.Verdict, runtimes)
	if at, known := seen[key]; known {
		same := &a.Candidates[at]
		// The nearest name stays in front.
		if c.Distance.Compare(same.Distance) < 0 {
			c.Also = append(same.Also, same.Reference)
			a.Candidates[at] = c
			return
		}
		same.Also = append(same.Also, w.reference)
		return
	}
	if why := lacks(s, side.Verdict, runtimes); why != "" {
		c.Blocked = append(c.Blocked, why)
	}
	if !side.Verdict.Coverage.Complete {
		a.Complete = false
	}
	seen[key] = len(a.Candidates)
	a.Candidates = append(a.Candidates, c)
}

// lacks says that a candidate is without the base's runtime. One that brings another
// of its own is another language's image, whatever Python its distribution has.
func lacks(s *subject, v *verdict.Verdict, runtimes []*inventory.Package) string {
	for _, was := range s.runtimes {
		if slices.ContainsFunc(runtimes, func(is *inventory.Package) bool { return is.Name == was.Name }) || len(runtimes) == 0 && brings(v, was.Name) {
			return ""
		}
	}
	switch {
	case len(s.runtimes) == 0:
		return ""
	case len(runtimes) > 0:
		return "it brings " + runtimes[0].Name + " and not " + s.runtimes[0].Name + ", as the base does"
	}
	return "nothing in it is " + s.runtimes[0].Name + ", which the base brings"
}

// brings reports whether an image has a runtime, also one that a distribution
// packaged ("python3.11", "nodejs", "openjdk-17-jre-headless").
func brings(v *verdict.Verdict, runtime string) bool {
	name := strings.TrimSuffix(strings.TrimSuffix(runtime, "-cli"), "-fpm")
	java := []string{"openjdk", "jre", "zulu", "graalvm", "jdk", "corretto", "temurin", "semeru"}
	for i := range v.Packages {
		p := &v.Packages[i]
		if p.Type != "generic" && !p.IsOS() || !present(p) {
			continue
		}
		if strings.HasPrefix(p.Name, name) || slices.Contains(java, runtime) && slices.ContainsFunc(java, func(j string) bool { return strings.Contains(p.Name, j) }) {
			return true
		}
	}
	return false
}

// distance takes what the tags say and corrects it by what is in the image: a tag
// may not tell of the distribution under it, and an archive has no tag.
func (in *Input) distance(s *subject, w wanted, v *verdict.Verdict, runtimes []*inventory.Package) (Distance, string) {
	d, told := Distance{}, "from the tags"
	if w.distance != nil {
		d = *w.distance
	} else {
		d, told = in.inside(s, runtimes), "from what is in the images"
	}
	was, is := s.standing.Distribution, v.Image.Distribution
	if was == nil || is == nil {
		return d, told
	}
	switch c := compareReleases(distro.Release(is), distro.Release(was)); {
	case distro.FamilyOf(was) != distro.FamilyOf(is) || !strings.EqualFold(was.ID, is.ID):
		if !slices.Contains(d.Parts, OtherDistribution) {
			d = d.with(OtherDistribution, 1)
		}
	case c != 0 && !slices.Contains(d.Parts, OtherRelease):
		d = d.with(OtherRelease, 1)
	}
	return d, told
}

// inside compares the runtimes that both bring, by the numbers of their versions.
// Where there is none to compare, the distribution decides.
func (in *Input) inside(s *subject, runtimes []*inventory.Package) Distance {
	steps, compared := map[Class]int{}, len(s.runtimes) == 0
	for _, was := range s.runtimes {
		at := slices.IndexFunc(runtimes, func(is *inventory.Package) bool { return is.Name == was.Name })
		if at < 0 {
			continue
		}
		compared = true
		x, y := releaseNumbers(was.Version), releaseNumbers(runtimes[at].Version)
		for i := range min(len(x), len(y)) {
			if x[i] == y[i] {
				continue
			}
			class := []Class{Major, Minor, Patch}[min(i, 2)]
			passed := y[i] - x[i]
			if passed < 0 {
				// Going back is as far as going on.
				passed = -passed
			}
			steps[class] = max(steps[class], passed)
			break
		}
	}
	if !compared || s.standing.Distribution == nil && len(s.runtimes) == 0 {
		steps[OtherImage] = 1
	}
	return distanceOf(steps)
}
