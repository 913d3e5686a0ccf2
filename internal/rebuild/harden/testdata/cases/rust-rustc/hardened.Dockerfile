# TODO(plimsoll): stages: this was not split into a build stage and a final one, since the tag does
#   not tell which release of Debian the program is linked against: name it, as in rust:1-bookworm
FROM rust:1@sha256:e254a97f0615423a3ff68586a2655d1a6f9c4c8e0b468b1b70af046ef261a1a6
WORKDIR /app
COPY --chown=10001:10001 main.rs .
RUN rustc -O main.rs -o primes

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /app
USER 10001:10001
CMD ["./primes", "100"]
