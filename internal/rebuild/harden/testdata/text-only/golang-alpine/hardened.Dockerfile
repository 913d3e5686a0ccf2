# TODO(plimsoll): stages: this was not split into a build stage and a final one, since the build
#   context is not known: the program may need cgo, a shell or files
FROM golang:alpine@sha256:da262dd07219abed3c6ca858b43e1b3397ad3897a91be9b093e11f48e0c98d53
# plimsoll: closes apk-cache: apk's index stays in the layer
RUN apk add --no-cache git
WORKDIR /go/src/app
# plimsoll: closes add-not-copy: ADD where COPY would do
COPY --chown=10001:10001 . .
RUN go get -d -v ./... && go install -v ./...

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN adduser -D -H -u 10001 -h /go/src/app -s /sbin/nologin app \
    && chown 10001:10001 /go/src/app
USER 10001:10001
CMD ["app"]
