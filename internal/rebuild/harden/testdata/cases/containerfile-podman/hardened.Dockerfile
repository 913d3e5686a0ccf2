FROM docker.io/library/debian:bookworm-slim@sha256:1022bc06d051d9e7870973e6dc0c0004b399e2aa351e77c11796b918b187e84a
RUN set -eux; \
	apt-get update; \
	apt-get install -y --no-install-recommends procps; \
	rm -rf /var/lib/apt/lists/*
COPY watch.sh /usr/local/bin/watch.sh

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
USER 10001:10001
ENTRYPOINT ["/bin/sh", "/usr/local/bin/watch.sh"]
