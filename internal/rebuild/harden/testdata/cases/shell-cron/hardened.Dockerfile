FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8
# plimsoll: closes apt-no-recommends: no packages that are merely recommended
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
RUN apt-get update \
    && apt-get install --no-install-recommends -y cron rsync \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*
COPY backup.cron /etc/cron.d/backup
COPY backup.sh /usr/local/bin/backup.sh
# TODO(plimsoll): user-missing: no USER was added, since cron starts as root: end the stage with
#   USER and a number where the program can do without root
RUN chmod +x /usr/local/bin/backup.sh && chmod 0644 /etc/cron.d/backup && touch /var/log/backup.log
# plimsoll: closes secret-value: BACKUP_PASSWORD out of the image; give it when the container is
#   started
# TODO(plimsoll): rotate-secret: make a new BACKUP_PASSWORD and withdraw the old: it is in this
#   file's history, and in every image that was built from it
CMD ["sh", "-c", "cron && exec tail -f /var/log/backup.log"]
