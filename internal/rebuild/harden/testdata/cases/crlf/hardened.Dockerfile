FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8
ENV MODE=batch
WORKDIR /job
COPY --chown=10001:10001 job.sh .
RUN chmod 755 job.sh \
    && ls -l

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /job --shell /usr/sbin/nologin app \
    && chown 10001:10001 /job
USER 10001:10001
CMD ["./job.sh"]
