FROM ubuntu:22.04@sha256:cb287cf26b15fded26828219b268886d76ea3963bc93495425dcf08225c86e9f
# plimsoll: closes apt-no-recommends: no packages that are merely recommended; ca-certificates came
#   that way, and may be needed
RUN apt-get update && apt-get install --no-install-recommends -y curl wget gnupg ca-certificates
# TODO(plimsoll): remote-script-run: what deb.example.com sends is run without being looked at.
#   Fetch a release of a fixed version into a file, hold it against a checksum that stands in the
#   Dockerfile, then run it; or install the package.
RUN curl -fsSL https://deb.example.com/setup_20.x | bash -
# TODO(plimsoll): remote-script-run: what get.example.com sends is run without being looked at.
#   Fetch a release of a fixed version into a file, hold it against a checksum that stands in the
#   Dockerfile, then run it; or install the package.
RUN wget -qO- https://get.example.com/install.sh | sh -s -- --yes
# TODO(plimsoll): tls-verification-off: curl -k takes any certificate. Leave verification on. For a
#   server of your own, add its authority's certificate: COPY it to /usr/local/share/ca-certificates
#   and run update-ca-certificates, or name it with --cacert.
# TODO(plimsoll): plain-http: http://downloads.example.com/tool is fetched unencrypted. Use
#   https://, or hold the file against a checksum. Repositories of apt and yum whose packages are
#   signed may stay as they are.
RUN curl -k -o /usr/local/bin/tool http://downloads.example.com/tool && chmod +x /usr/local/bin/tool
ADD https://downloads.example.com/agent.tar.gz /tmp/
RUN tar -xzf /tmp/agent.tar.gz -C /opt && rm /tmp/agent.tar.gz

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
USER 10001:10001
CMD ["tool"]
