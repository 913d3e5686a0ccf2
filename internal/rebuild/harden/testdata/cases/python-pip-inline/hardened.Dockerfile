# plimsoll: this stage builds, and is not part of the image
FROM python:3.11@sha256:e50c037506a2ef36b19e6af2b9ec0e1f5223fcb5f879775712a677576f6daa11 AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

# plimsoll: closes secret-value: SECRET_KEY out of the image; give it when the container is started
# TODO(plimsoll): rotate-secret: make a new SECRET_KEY and withdraw the old: it is in this file's
#   history, and in every image that was built from it
# plimsoll: closes secret-value: DATABASE_URL out of the image; give it when the container is
#   started
# TODO(plimsoll): rotate-secret: make a new DATABASE_URL and withdraw the old: it is in this file's
#   history, and in every image that was built from it

# plimsoll: closes pip-cache: pip's cache stays in the layer
RUN pip install --no-cache-dir --upgrade pip && \
    pip install --no-cache-dir flask==2.2.2 gunicorn==20.1.0 setuptools requests

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual
#   environment; slim, since nothing here needs compilers and their libraries
FROM python:3.11-slim@sha256:7b88c7e10751cd1ab166b1059ae569ff259c5ba7da9622d6b9ad16b6d8a7b3c0
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

# plimsoll: closes add-not-copy: ADD where COPY would do
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 README.md app.py /srv/shop/
WORKDIR /srv/shop

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /srv/shop --shell /usr/sbin/nologin app \
    && chown 10001:10001 /srv/shop
USER 10001:10001
EXPOSE 8080

# plimsoll: closes healthcheck-missing: whether port 8080 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8080), 3).close()"]
ENTRYPOINT ["gunicorn", "-b", "0.0.0.0:8080", "app:app"]
