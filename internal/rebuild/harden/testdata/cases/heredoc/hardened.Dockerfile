# syntax=docker/dockerfile:1@sha256:a00b51085d4fdec69196f144c0605b8b1caf15c7cff917111785898f6a52a5ef
FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8

RUN <<EOF
set -e
apt-get update
apt-get install -y --no-install-recommends jq
rm -rf /var/lib/apt/lists/*
EOF

RUN <<-'SETUP'
	mkdir -p /srv/app
	echo "not $expanded" > /srv/app/note
SETUP

COPY <<run.sh <<settings.json /srv/app/
#!/bin/sh
exec jq . /srv/app/settings.json
run.sh
{"level": "info"}
settings.json

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app \
    && chown -R 10001:10001 /srv/app
USER 10001:10001

CMD ["sh", "/srv/app/run.sh"]
