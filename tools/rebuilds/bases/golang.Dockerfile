# Go as the official images lay it out; the toolchain is this machine's. The build
# context is GOROOT.
FROM buildpack-deps:bookworm
ENV GOTOOLCHAIN=local GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY bin /usr/local/go/bin
COPY pkg /usr/local/go/pkg
COPY lib /usr/local/go/lib
COPY src /usr/local/go/src
COPY VERSION go.env /usr/local/go/
ARG GOPROXY GONOSUMDB GOSUMDB
RUN --mount=type=secret,id=ca \
    sed -i '/^GO\(PROXY\|SUMDB\)=/d' /usr/local/go/go.env \
 && printf 'GOPROXY=%s\nGOSUMDB=%s\nGONOSUMDB=%s\n' "$GOPROXY" "$GOSUMDB" "$GONOSUMDB" >> /usr/local/go/go.env \
 && cat /run/secrets/ca > /etc/ssl/certs/ca-certificates.crt \
 && mkdir -p /go/src /go/bin && chmod -R 1777 /go && go version
# A dozen builds need the same parts of the standard library; once is enough.
RUN CGO_ENABLED=0 go build net/http && CGO_ENABLED=0 go build -trimpath net/http && CGO_ENABLED=1 go build net/http
WORKDIR /go
