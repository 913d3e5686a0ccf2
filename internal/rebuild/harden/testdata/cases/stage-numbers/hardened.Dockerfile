FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8
RUN echo 'echo tool 1.0' > /tool && chmod +x /tool

FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8 AS test
COPY --from=0 /tool /usr/bin/tool
RUN sh /usr/bin/tool

FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8 AS release
COPY --from=0 /tool /usr/bin/tool
COPY --from=debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8 /etc/debian_version /base-version
RUN useradd --uid 10001 --system tool
# plimsoll: closes user-not-numeric: this is tool
USER 10001
CMD ["sh", "/usr/bin/tool"]
