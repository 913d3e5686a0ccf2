package account_test

import (
	"strings"
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/inventory"
)

// TestHistoryLinesTellWhatAddedAFile has lines as builders write them: whether an
// executable that no package owns is the build's, or nothing says where it is from.
func TestHistoryLinesTellWhatAddedAFile(t *testing.T) {
	in := examined(t, step(rootFS), step("", exe("srv/app", program(""))))
	for line, want := range map[string]account.Status{
		// BuildKit
		"RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit":                                                                   account.Unaccounted,
		"RUN /bin/sh -c set -eux; \tapt-get update; \tapt-get install -y --no-install-recommends a b; \trm -rf /var/lib/apt/lists/* # buildkit": account.Unaccounted,
		"RUN |2 DEBIAN_FRONTEND=noninteractive V=a b /bin/sh -c apt-get install -y curl=$V # buildkit":                                          account.Unaccounted,
		"RUN |1 PATH=/usr/bin /bin/bash -o pipefail -c apt-get install -y curl # buildkit":                                                      account.Unaccounted,
		"RUN /bin/bash -euxo pipefail -c apt-get install -y curl # buildkit":                                                                    account.Unaccounted,
		"RUN /bin/sh -c apk add --no-cache ca-certificates tzdata # buildkit":                                                                   account.Unaccounted,
		"RUN /bin/sh -c dnf -y install httpd && dnf clean all # buildkit":                                                                       account.Unaccounted,
		"RUN /bin/sh -c microdnf install -y java-17-openjdk-headless && microdnf clean all # buildkit":                                          account.Unaccounted,
		"RUN /bin/sh -c apt-get update\napt-get install -y curl # the client\n# tidy up\nrm -rf /var/lib/apt/lists/*\n # buildkit":              account.Unaccounted,
		"RUN /bin/sh -c <<EOF\napt-get install -y curl\nEOF # buildkit":                                                                         account.Built,
		"RUN apt-get install -y curl # buildkit":                                                                                                account.Unaccounted,
		"RUN /bin/sh -c echo 'deb https://x y z' > /etc/apt/sources.list.d/x.list && apt-get update && apt-get install -y x # buildkit":         account.Unaccounted,
		"RUN /bin/sh -c apt-get install -y curl && curl -fsSL https://x/y | sh # buildkit":                                                      account.Built,
		"RUN /bin/sh -c apt-get install -y curl; printf '#!/bin/sh' > /usr/bin/x # buildkit":                                                    account.Built,
		"RUN /bin/sh -c apt-get install -y build-essential && make install && apt-get purge -y build-essential # buildkit":                      account.Built,
		"RUN /bin/sh -c apt-get install -y $(cat packages) # buildkit":                                                                          account.Unaccounted,
		"RUN /bin/sh -c apt-get install -y $(curl https://x) # buildkit":                                                                        account.Built,
		"RUN /bin/sh -c pip install flask # buildkit":                                                                                           account.Built,
		"RUN /bin/sh -c npm ci # buildkit":                                                                                                      account.Built,
		"RUN /bin/sh -c 'unterminated # buildkit":                                                                                               account.Built,
		"COPY --link /out/app /usr/bin/ # buildkit":                                                                                             account.Built,
		"ADD https://example.com/tool /usr/bin/ # buildkit":                                                                                     account.Built,
		"WORKDIR /srv": account.Built,
		// the classic builder
		"/bin/sh -c apt-get update && apt-get install -y curl": account.Unaccounted,
		"|1 V=1 /bin/sh -c apt-get install -y curl":            account.Unaccounted,
		"/bin/sh -c #(nop) COPY file:0f1c in /usr/bin/app ":    account.Built,
		"/bin/sh -c #(nop) ADD file:0f1c in / ":                account.Built, // not the first layer
		"/bin/sh -c make":                                      account.Built,
		"/bin/sh -c #(nop) COPY dir:0f1c in /srv ":             account.Built,
		// buildah, kaniko
		"/bin/sh -c dnf install -y httpd": account.Unaccounted,
		"RUN apk add curl":                account.Unaccounted,
		"COPY app /srv/app":               account.Built,
		// by hand: docker commit
		"":           account.Unaccounted,
		"   ":        account.Unaccounted,
		"/bin/sh":    account.Unaccounted,
		"bash -l":    account.Unaccounted,
		"/bin/bash":  account.Unaccounted,
		"sleep 1000": account.Built,
		// other tools
		"bazel build //app:image":     account.Built,
		"ko build ko://example.com/x": account.Built,
		"jib-maven-plugin:3.4.0":      account.Built,
		"apko":                        account.Unaccounted,
		"Application Layer":           account.Built,
		"Layer: 'jre', Created by buildpack: paketo-buildpacks/bellsoft-liberica@10.2.5": account.Built,
		"nix build": account.Built,
	} {
		in.Refs[1].CreatedBy = line
		a, _ := account.Of(in)
		if got := a.Entries[0]; got.Status != want {
			t.Errorf("%q: %s, want %s (%s)", line, got.Status, want, got.Reason)
		}
	}
}

func TestTheRootFileSystemOfABaseIsNoBuildStep(t *testing.T) {
	in := examined(t, step("", exe("srv/app", program(""))))
	for _, line := range []string{
		rootFS, "ADD file:0f1c in / # buildkit", "ADD rootfs.tar.xz / # buildkit",
		"# debian.sh --arch 'amd64' out/ 'bookworm' '@1732492800'", "debuerreotype 0.15",
	} {
		in.Refs[0].CreatedBy = line
		a, _ := account.Of(in)
		if got := a.Entries[0]; got.Status != account.Unaccounted || !strings.Contains(got.Reason, "root file system") {
			t.Errorf("%q: %s (%s)", line, got.Status, got.Reason)
		}
	}
}

func TestStepsAreNamedAsTheirAuthorsKnowThem(t *testing.T) {
	for line, want := range map[string]string{
		"COPY /out/ /usr/bin/ # buildkit":                             "COPY /out/ /usr/bin/",
		"/bin/sh -c #(nop) COPY file:0f1c in /app ":                   "COPY file:0f1c in /app",
		"RUN |1 V=1 /bin/sh -c set -eux; \tmake   install # buildkit": "RUN set -eux; make install",
		"/bin/sh -c make": "RUN make",
		"RUN /bin/bash -o pipefail -c curl https://example.com/install | bash": "RUN curl https://example.com/install | …",
		"":                        "layer 3",
		"bazel build //app:image": "bazel build //app:image",
	} {
		if got := account.Instruction(inventory.LayerRef{Index: 3, CreatedBy: line}); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
