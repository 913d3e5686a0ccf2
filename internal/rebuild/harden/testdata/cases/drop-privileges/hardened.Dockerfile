FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8
RUN groupadd -r store && useradd -r -g store store
COPY entrypoint.sh /entrypoint.sh
# TODO(plimsoll): user-missing: no USER was added, since /entrypoint.sh calls chown: end the stage
#   with USER and a number where the program can do without root
VOLUME ["/data"]
EXPOSE 6379
ENTRYPOINT ["/entrypoint.sh"]
CMD ["sleep", "infinity"]
