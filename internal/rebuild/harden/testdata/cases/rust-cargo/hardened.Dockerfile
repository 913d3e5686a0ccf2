FROM rust:1-slim-bookworm@sha256:5fe4a8ec74ff590cdab2677d33e8afe567a78e838b2500144436a44393233334 AS builder
WORKDIR /usr/src/greet
COPY Cargo.toml Cargo.lock ./
COPY src src
RUN cargo install --locked --path .

FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8
COPY --from=builder /usr/local/cargo/bin/greet /usr/local/bin/greet

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
USER 10001:10001
CMD ["greet"]
