package image

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// tagged serves a list of tags in pages of at most size, in the ways registries do.
func tagged(reg *testRegistry, tags []string, size int, link func(next string) string) {
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			next.ServeHTTP(w, r)
			return
		}
		from := 0
		if last := r.URL.Query().Get("last"); last != "" {
			from = slices.Index(tags, last) + 1
		}
		n := size
		if asked, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil {
			n = min(n, asked)
		}
		page := tags[from:min(from+n, len(tags))]
		if link != nil && from+n < len(tags) {
			w.Header().Set("Link", link(fmt.Sprintf("?n=%d&last=%s", n, page[len(page)-1])))
		}
		quoted := make([]string, len(page))
		for i, t := range page {
			quoted[i] = strconv.QuoteToASCII(t)
		}
		fmt.Fprintf(w, `{"name":"x","tags":[%s]}`, strings.Join(quoted, ","))
	})
}

func manyTags(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf("1.%d", i)
	}
	return tags
}

func TestTagsComeInPages(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		link func(string) string
	}{
		"one page":               {tagPage, nil},
		"full pages, no link":    {tagPage, nil},
		"a relative link":        {100, func(q string) string { return "</v2/team/app/tags/list" + q + `>; rel="next"` }},
		"a link elsewhere":       {100, func(q string) string { return "<http://192.0.2.1/evil" + q + `>; rel=next` }},
		"another relation first": {100, func(q string) string { return `</x?y=z>; rel="prev", <` + q + `>; rel="next"; title="t"` }},
	} {
		t.Run(name, func(t *testing.T) {
			reg := newRegistry(t)
			want := manyTags(2500)
			if name == "one page" {
				want = manyTags(7)
			}
			tagged(reg, want, c.size, c.link)
			got, err := Tags(t.Context(), reg.host()+"/team/app:old", quickly(Options{}))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Tags, want) || got.Cut || got.Repository != reg.host()+"/team/app" {
				t.Errorf("%d tags of %s, cut %v; want %d", len(got.Tags), got.Repository, got.Cut, len(want))
			}
		})
	}
}

func TestHostileTagListsEnd(t *testing.T) {
	reg := newRegistry(t)
	circle := []string{"a", "b", "\x1b[31mred", "../../etc", "-x", "", strings.Repeat("y", 129)}
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Link", `<?last=b>; rel="next"`)
		_, _ = w.Write(marshal(t, map[string]any{"tags": circle}))
	})
	got, err := Tags(t.Context(), reg.host()+"/app", quickly(Options{}))
	if err != nil || !slices.Equal(got.Tags, []string{"a", "b"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			next.ServeHTTP(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"tags":"` + strings.Repeat("x", maxManifest+10)))
	})
	if _, err := Tags(t.Context(), reg.host()+"/app", quickly(Options{})); !errors.Is(err, ErrUnreachable) {
		t.Errorf("an endless list: %v", err)
	}
}

func TestTagsNeedWhatAPullNeeds(t *testing.T) {
	reg, _ := pushed(t)
	if _, err := Tags(t.Context(), reg.host()+"/team/other", quickly(Options{})); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown name: %v", err)
	}
	withBasic(reg, "ann", "secret")
	if _, err := Tags(t.Context(), reg.host()+"/team/sample", quickly(Options{})); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("without credentials: %v", err)
	}
	getenv := env(map[string]string{"DOCKER_AUTH_CONFIG": string(authJSON(reg.host(), "ann", "secret"))})
	list, err := Tags(t.Context(), "docker://"+reg.host()+"/team/sample", quickly(Options{Getenv: getenv}))
	if err != nil || !slices.Equal(list.Tags, []string{"1"}) {
		t.Errorf("with credentials: %+v, %v", list, err)
	}
	mirrored, err := Tags(t.Context(), "nowhere.invalid/team/sample", quickly(Options{Mirrors: []string{"nowhere.invalid=" + reg.host()}, Getenv: getenv}))
	if err != nil || mirrored.Repository != "nowhere.invalid/team/sample" || !strings.HasPrefix(mirrored.Via, "mirror ") {
		t.Errorf("from a mirror: %+v, %v", mirrored, err)
	}
}
