FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8
LABEL org.opencontainers.image.authors="Someone Else"
ENV APP_HOME=/opt/legacy
ENV PATH=$APP_HOME/bin:$PATH
# plimsoll: closes add-not-copy: ADD where COPY would do
COPY legacy.sh /opt/legacy/bin/legacy
# TODO(plimsoll): user-missing: no USER was added, since port 22 may take root where the host keeps
#   ports below 1024 for it: end the stage with USER and a number where the program can do without
#   root
RUN chmod a+x /opt/legacy/bin/legacy
# TODO(plimsoll): expose-ssh: port 22 is SSH's. Leave the SSH server out; docker exec or kubectl
#   exec opens a shell for those who may.
EXPOSE 22 8080

# plimsoll: closes healthcheck-missing: whether port 22 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/22"]
ENTRYPOINT ["legacy"]
CMD ["second"]
