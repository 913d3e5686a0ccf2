FROM php:8.2-cli@sha256:d27972e6d64d8c493d03fce33b3fccfc0ae17654df24ba0b5b0f88fa3c2896fb
# plimsoll: closes apt-no-recommends: no packages that are merely recommended; ca-certificates came
#   that way, and may be needed
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
# plimsoll: closes apt-for-scripts: apt where apt-get is meant for scripts
RUN apt-get update && apt-get install --no-install-recommends -y unzip git ca-certificates && rm -rf /var/lib/apt/lists/*
COPY php.ini /usr/local/etc/php/conf.d/app.ini
# plimsoll: closes world-writable: to be run, not written
COPY --chmod=755 --chown=10001:10001 bin/ /app/bin/
COPY --chown=10001:10001 src/ /app/src/
WORKDIR /app

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /app
USER 10001:10001
CMD ["php", "bin/report.php"]
