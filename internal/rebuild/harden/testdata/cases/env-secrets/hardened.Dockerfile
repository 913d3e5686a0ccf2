FROM debian:12-slim@sha256:cb0e0ef94a09c725db48c38fe8a66cef34828df0889e3e04ab271b7b5f4d004a
# plimsoll: closes secret-value: DEPLOY_TOKEN out of the image; the steps that read it need docker
#   build --secret id=deploy_token,env=DEPLOY_TOKEN
# TODO(plimsoll): rotate-secret: make a new DEPLOY_TOKEN and withdraw the old: it is in this file's
#   history, and in every image that was built from it
ARG BUILD_DATE
# plimsoll: closes secret-value: S3_ACCESS_KEY and S3_SECRET_KEY out of the image; give it when the
#   container is started
# TODO(plimsoll): rotate-secret: make a new S3_ACCESS_KEY, S3_SECRET_KEY and withdraw the old: it is
#   in this file's history, and in every image that was built from it
ENV S3_BUCKET=artefacts
# plimsoll: closes secret-value: DB_PASSWORD out of the image; give it when the container is started
# TODO(plimsoll): rotate-secret: make a new DB_PASSWORD and withdraw the old: it is in this file's
#   history, and in every image that was built from it
ENV LOG_LEVEL=info
WORKDIR /app
COPY fetch.sh .
RUN --mount=type=secret,id=deploy_token DEPLOY_TOKEN=$(cat /run/secrets/deploy_token) && export DEPLOY_TOKEN && DEPLOY_TOKEN=$DEPLOY_TOKEN sh fetch.sh > manifest.txt

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown -R 10001:10001 /app
USER 10001:10001
LABEL build-date=$BUILD_DATE
CMD ["cat", "manifest.txt"]
