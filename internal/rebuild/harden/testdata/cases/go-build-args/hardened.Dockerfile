# syntax=docker/dockerfile:1@sha256:a00b51085d4fdec69196f144c0605b8b1caf15c7cff917111785898f6a52a5ef
# check=skip=JSONArgsRecommended

FROM --platform=$BUILDPLATFORM golang:1.22@sha256:b47078a60216684a388c24c5d5bf9230a90e99685d0b80d0f1538d4136f10805 AS build
ARG TARGETOS TARGETARCH
ARG VERSION=dev
WORKDIR /src
RUN --mount=type=bind,target=. \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-X main.version=${VERSION}" -o /out/server .

FROM gcr.io/distroless/static-debian12:nonroot@sha256:6f68261444e524c701c4622a965f1e1dcca760b96995fd60c9ab19f160d18998
COPY --link --from=build /out/server /server
EXPOSE 8080
ENTRYPOINT ["/server"]
