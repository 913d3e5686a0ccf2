FROM golang:latest@sha256:f38c7f7bbaca5d664e39cd982a1cb5b6f8e999244e9ddb6ec8ba098438b3f4da AS builder
ENV GOFLAGS=-mod=vendor CGO_ENABLED=0
WORKDIR /build
COPY . ./
RUN go test ./... && go install .

FROM scratch
COPY --from=builder /go/bin/clock /clock

# plimsoll: closes user-missing: without root's rights
USER 65532:65532
CMD ["/clock"]
