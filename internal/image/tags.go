package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// TagList is what a registry says a repository's tags are.
type TagList struct {
	// Repository is the canonical name: "index.docker.io/library/python".
	Repository string
	// Tags are in the registry's order, without repeats and without what is no
	// tag by the distribution-spec.
	Tags []string
	// Cut is set where the registry has more than are listed.
	Cut bool
	// Via says who answered: "registry registry.example.com".
	Via string
}

// Tags lists the tags of the repository that ref is in, whatever tag or digest
// ref has, from its registry or a mirror, with the credentials that a pull would
// use. At most maxTags are listed.
func Tags(ctx context.Context, ref string, opts Options) (*TagList, error) {
	o := &opening{options: opts.withDefaults(), template: Image{Reference: ref}}
	defer func() { _ = (&Set{closers: o.closers}).Close() }()
	parsed, err := parseName(strings.TrimPrefix(ref, "docker://"))
	if err != nil {
		return nil, err
	}
	endpoints, err := o.endpoints(parsed.Context())
	if err != nil {
		return nil, err
	}
	var tried []string
	for i, e := range endpoints {
		list, err := e.allTags(ctx)
		if err == nil {
			list.Repository = parsed.Context().Name()
			return list, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if i == len(endpoints)-1 {
			return nil, e.noTags(parsed.Context(), err, tried)
		}
		tried = append(tried, e.repo.RegistryStr()+": "+err.Error())
	}
	return nil, fmt.Errorf("%w: no registry to ask", ErrUnreachable)
}

func (e *endpoint) noTags(repo name.Repository, err error, tried []string) error {
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %s does not know the name %s: check the spelling", ErrNotFound, e.repo.RegistryStr(), printable(repo.Name()))
	}
	if len(tried) > 0 {
		return fmt.Errorf("%w (mirrors tried before: %s)", err, strings.Join(tried, "; "))
	}
	return err
}

// allTags follows the pages of the list (distribution-spec, "Listing Tags"): the
// Link header where there is one, else the last tag of a page that came full.
func (e *endpoint) allTags(ctx context.Context) (*TagList, error) {
	list := &TagList{Tags: []string{}, Via: "registry " + e.repo.RegistryStr()}
	if e.mirror {
		list.Via = "mirror " + e.repo.RegistryStr()
	}
	known := map[string]bool{}
	query := url.Values{"n": {strconv.Itoa(tagPage)}}
	for range maxTagPages {
		tags, next, err := e.tagsPage(ctx, query)
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, tag := range tags {
			if !isTag(tag) || known[tag] {
				continue
			}
			if len(list.Tags) == maxTags {
				list.Cut = true
				return list, nil
			}
			known[tag] = true
			list.Tags = append(list.Tags, tag)
			fresh++
		}
		switch {
		case fresh == 0:
			// The end, or a registry that leads around in a circle.
			return list, nil
		case next != nil:
			query = next
		case len(tags) >= tagPage:
			query = url.Values{"n": {strconv.Itoa(tagPage)}, "last": {tags[len(tags)-1]}}
		default:
			return list, nil
		}
	}
	list.Cut = true
	return list, nil
}

// tagsPage gets one page and the query of the next, nil where none is named. An
// unknown name gives fs.ErrNotExist.
func (e *endpoint) tagsPage(ctx context.Context, query url.Values) (tags []string, next url.Values, err error) {
	client, err := e.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*answerTimeout)
	defer cancel()
	resp, err := get(ctx, client, e.url("tags", "list")+"?"+query.Encode(), 0, 0)
	if err != nil {
		return nil, nil, e.explain(err)
	}
	defer resp.Body.Close()
	var page struct{ Tags []string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxManifest)).Decode(&page); err != nil {
		return nil, nil, fmt.Errorf("%w: %s: its list of tags is not one: %s", ErrUnreachable, e.repo.RegistryStr(), printable(err.Error()))
	}
	return page.Tags, nextPage(resp.Header), nil
}

// nextPage returns the query of the page that a Link header calls the next (RFC
// 8288). Only the query is taken: whatever host and path a registry writes there,
// the list goes on where it began.
func nextPage(h http.Header) url.Values {
	for _, header := range h.Values("Link") {
		for _, link := range strings.Split(header, ",") {
			target, params, ok := strings.Cut(link, ">")
			target, open := strings.CutPrefix(strings.TrimSpace(target), "<")
			rel := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(params), " ", ""), `"`, "")
			if !ok || !open || !strings.Contains(rel+";", ";rel=next;") {
				continue
			}
			if u, err := url.Parse(target); err == nil && u.RawQuery != "" {
				return u.Query()
			}
		}
	}
	return nil
}

// isTag holds a tag against the distribution-spec's grammar.
func isTag(s string) bool {
	if len(s) == 0 || len(s) > 128 {
		return false
	}
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
		case i > 0 && (c == '.' || c == '-'):
		default:
			return false
		}
	}
	return true
}

// tags lists some of the repository's tags; an unknown name gives fs.ErrNotExist.
func (e *endpoint) tags(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tags, _, err := e.tagsPage(ctx, url.Values{"n": {strconv.Itoa(tagPage)}})
	return tags, err
}
