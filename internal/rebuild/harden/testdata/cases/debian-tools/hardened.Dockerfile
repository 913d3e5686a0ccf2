FROM debian:latest@sha256:81d93757457f988523814ae0009837ae893f38d3fe123f2c37896f118b4c7804
LABEL org.opencontainers.image.authors="toolbox@example.com"
ENV DEBIAN_FRONTEND=noninteractive
ENV EDITOR=vim
# plimsoll: closes apt-no-recommends: no packages that are merely recommended; ca-certificates came
#   that way, and may be needed
# plimsoll: closes apt-for-scripts: apt where apt-get is meant for scripts
RUN apt-get update && \
    apt-get install --no-install-recommends -y jq wget curl vim-tiny netcat-openbsd ca-certificates
RUN apt-get -y dist-upgrade
# TODO(plimsoll): world-writable: chmod 777 lets everybody write to tools. Give the file to the user
#   who needs it (COPY --chown, chown) and keep the mode at 755 or 644; for an arbitrary UID of
#   group 0, chmod g=u.
RUN cd /opt && mkdir tools && chmod -R 777 tools
WORKDIR opt/tools
COPY --chown=10001:10001 *.sh ./

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /opt/tools --shell /usr/sbin/nologin app \
    && chown 10001:10001 /opt/tools
USER 10001:10001
CMD ["/bin/bash"]
