# TODO(plimsoll): stages: this was not split into a build stage and a final one, since line 6 builds
#   with cgo, whose libraries have to be in the final image
# TODO(plimsoll): base-end-of-life: golang:1.22-bookworm: Go 1.22 has had no fixes since 2025-02-11.
#   Move to a release that is still supported.
FROM golang:1.22-bookworm@sha256:259a7a6adc4f168cc65e960167bc816b5c37c9acd13fadabd53cd80da4ff33fa
WORKDIR /app
COPY --chown=10001:10001 go.mod .
COPY --chown=10001:10001 main.go .
# cgo: the maths library of the system
RUN CGO_ENABLED=1 go build -o roots .

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /app
USER 10001:10001
ENTRYPOINT ["./roots"]
