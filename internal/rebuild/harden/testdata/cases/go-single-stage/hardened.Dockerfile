# TODO(plimsoll): base-end-of-life: golang:1.22: Go 1.22 has had no fixes since 2025-02-11. Move to
#   a release that is still supported.
FROM golang:1.22@sha256:b47078a60216684a388c24c5d5bf9230a90e99685d0b80d0f1538d4136f10805
WORKDIR /go/src/app
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 go.mod main.go ./
RUN go build -o /usr/local/bin/app .

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /go/src/app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /go/src/app
USER 10001:10001
EXPOSE 8080

# plimsoll: closes healthcheck-missing: whether port 8080 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]
CMD ["app"]
