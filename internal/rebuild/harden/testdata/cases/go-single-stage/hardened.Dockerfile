# plimsoll: closes single-stage-build: this stage builds, and is not part of the image
FROM golang:1.22@sha256:b47078a60216684a388c24c5d5bf9230a90e99685d0b80d0f1538d4136f10805 AS build
ENV CGO_ENABLED=0
WORKDIR /go/src/app
COPY . .
RUN go build -o /usr/local/bin/app .

# plimsoll: the program alone, static, in an image without a shell
FROM gcr.io/distroless/static-debian12:nonroot@sha256:6f68261444e524c701c4622a965f1e1dcca760b96995fd60c9ab19f160d18998
WORKDIR /go/src/app
COPY --from=build /usr/local/bin/app /usr/local/bin/app
EXPOSE 8080
CMD ["/usr/local/bin/app"]
