package pin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	oldDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	newDigest = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

// registry answers every tag with newDigest and every digest with itself.
func registry(_ context.Context, ref string) (Resolved, error) {
	if strings.HasPrefix(ref, "gone") {
		return Resolved{}, errors.New("not there")
	}
	if _, digest, ok := strings.Cut(ref, "@"); ok {
		return Resolved{Digest: digest, Created: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}, nil
	}
	return Resolved{Digest: newDigest, Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, nil
}

// Each file is listed with what is found in it, and written with digests; OLD and
// NEW stand for digests.
func TestPin(t *testing.T) {
	tests := []struct {
		name, file, want string
		update           bool
		list             []string
	}{
		{
			name: "Dockerfile",
			file: "# syntax=docker/dockerfile:1\nARG BASE=python:3.12-slim\nARG V=20\nFROM golang:1.22 AS build\nFROM --platform=$BUILDPLATFORM ${BASE}\n" +
				"FROM node:$V\nFROM $GIVEN\nFROM build\nFROM scratch\nCOPY --from=build /a /a\nCOPY --from=nginx:1.27 /b /b\nRUN --mount=type=bind,from=alpine,target=/c x\nFROM \"debian:12@OLD\"\nFROM r.example.com:5000/x@OLD\nFROM gone:1\n",
			want: "# syntax=docker/dockerfile:1@NEW\nARG BASE=python:3.12-slim@NEW\nARG V=20\nFROM golang:1.22@NEW AS build\nFROM --platform=$BUILDPLATFORM ${BASE}\n" +
				"FROM node:$V\nFROM $GIVEN\nFROM build\nFROM scratch\nCOPY --from=build /a /a\nCOPY --from=nginx:1.27@NEW /b /b\nRUN --mount=type=bind,from=alpine@NEW,target=/c x\nFROM \"debian:12@OLD\"\nFROM r.example.com:5000/x@OLD\nFROM gone:1\n",
			list: []string{
				"1:10 syntax docker/dockerfile:1 unpinned", "2:10 FROM through ARG BASE python:3.12-slim unpinned", "4:6 FROM golang:1.22 unpinned",
				"6:6 FROM node:20 skipped", "7:6 FROM $GIVEN skipped", "11:13 COPY --from nginx:1.27 unpinned", "12:28 RUN --mount alpine unpinned",
				"13:7 FROM debian:12@OLD moved", "14:6 FROM r.example.com:5000/x@OLD digest only", "15:6 FROM gone:1 failed",
			},
		},
		{
			name: "compose.yaml", update: true,
			file: "services:\n  web: # the site\n    image: \"nginx:1.27@OLD\" # é\n  app:\n    build: .\n    image: app:dev\n  db:\n    image: 'postgres:16'\n  v: {image: \"redis:${TAG}\"}\n",
			want: "services:\n  web: # the site\n    image: \"nginx:1.27@NEW\" # é\n  app:\n    build: .\n    image: app:dev\n  db:\n    image: 'postgres:16@NEW'\n  v: {image: \"redis:${TAG}\"}\n",
			list: []string{
				"3:12 services.web.image nginx:1.27@OLD moved", "6:12 services.app.image app:dev skipped",
				"8:12 services.db.image postgres:16 unpinned", "9:14 services.v.image redis:${TAG} skipped",
			},
		},
		{
			name: "k8s.yml",
			file: "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      initContainers:\n      - {name: a, image: busybox}\n      containers:\n      - name: b\n        image: x/y:1@NEW\n---\napiVersion: v1\nkind: Service\n",
			want: "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      initContainers:\n      - {name: a, image: busybox@NEW}\n      containers:\n      - name: b\n        image: x/y:1@NEW\n---\napiVersion: v1\nkind: Service\n",
			list: []string{
				"7:26 spec.template.spec.initContainers[0].image busybox unpinned",
				"10:16 spec.template.spec.containers[0].image x/y:1@NEW current",
			},
		},
		{
			name: ".github/workflows/ci.yml",
			file: "jobs:\n  a:\n    container: node:20\n    services:\n      db: {image: postgres:16}\n    steps:\n    - uses: docker://alpine:3\n    - uses: actions/checkout@v4\n    - run: docker run x:1\n  b:\n    container: {image: \"${{ matrix.image }}\"}\n",
			want: "jobs:\n  a:\n    container: node:20@NEW\n    services:\n      db: {image: postgres:16@NEW}\n    steps:\n    - uses: docker://alpine:3@NEW\n    - uses: actions/checkout@v4\n    - run: docker run x:1\n  b:\n    container: {image: \"${{ matrix.image }}\"}\n",
			list: []string{
				"3:16 jobs.a.container node:20 unpinned", "5:19 jobs.a.services.db.image postgres:16 unpinned",
				"7:13 jobs.a.steps[0].uses alpine:3 unpinned", "11:24 jobs.b.container.image ${{ matrix.image }} skipped",
			},
		},
	}
	digests := strings.NewReplacer("OLD", oldDigest, "NEW", newDigest)
	short := strings.NewReplacer(oldDigest, "OLD", newDigest, "NEW")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := Look(t.Context(), test.name, []byte(digests.Replace(test.file)), Options{Resolve: registry, Update: test.update})
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, e := range f.Entries {
				list = append(list, short.Replace(fmt.Sprintf("%d:%d %s %s %s", e.Line, e.Column, e.Where, e.Image, e.Status)))
			}
			if diff := cmp.Diff(test.list, list); diff != "" {
				t.Error(diff)
			}
			written := f.Written()
			if diff := cmp.Diff(test.want, short.Replace(string(written))); diff != "" {
				t.Error(diff)
			}
			again, err := Look(t.Context(), test.name, written, Options{Resolve: registry, Update: test.update})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(written), string(again.Written())); diff != "" {
				t.Errorf("a pinned file was changed again:\n%s", diff)
			}
		})
	}
}

func TestPinRefuses(t *testing.T) {
	for name, file := range map[string]string{
		"values.yaml": "a: 1\n", "chart.yaml": "a: {{ .Values.x }\n", "broken.yml": "a: [\n", "Dockerfile": "# nothing\n",
	} {
		if _, err := Look(t.Context(), name, []byte(file), Options{Resolve: registry}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Dockerfile", []byte("ARG A=b:1\nFROM $A\nCOPY --from='x:1' a b\n"))
	f.Add("a.yml", []byte("services: {a: {image: \"b\\u0063\"}}\n"))
	f.Add("a.yml", []byte("apiVersion: v1\nkind: Pod\nspec: &x\n  containers: [{image: |\n   a\n  }]\n"))
	f.Fuzz(func(t *testing.T, name string, source []byte) {
		file, err := Look(context.Background(), name, source, Options{Resolve: registry, Update: true})
		if err != nil {
			return
		}
		for _, e := range file.Entries {
			if e.New != "" && !strings.HasPrefix(string(source[e.from:]), e.Image) && !strings.Contains(e.Where, "ARG") {
				t.Errorf("%q at %q", e.Image, source[e.from:])
			}
		}
		if len(file.Written()) < len(source)-len(file.Entries)*200 {
			t.Error("bytes were lost")
		}
	})
}
