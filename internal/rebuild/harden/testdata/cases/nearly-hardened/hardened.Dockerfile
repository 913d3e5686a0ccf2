# syntax=docker/dockerfile:1@sha256:a00b51085d4fdec69196f144c0605b8b1caf15c7cff917111785898f6a52a5ef
FROM golang:1.22@sha256:b47078a60216684a388c24c5d5bf9230a90e99685d0b80d0f1538d4136f10805 AS build
WORKDIR /src
COPY go.mod main.go ./
# hadolint ignore=DL3059
RUN CGO_ENABLED=0 go build -trimpath -o /out/app .

# trivy:ignore:DS-0026
FROM gcr.io/distroless/static-debian12:nonroot@sha256:6f68261444e524c701c4622a965f1e1dcca760b96995fd60c9ab19f160d18998
LABEL org.opencontainers.image.licenses=MIT
COPY --from=build --chown=65532:65532 /out/app /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/app"]
