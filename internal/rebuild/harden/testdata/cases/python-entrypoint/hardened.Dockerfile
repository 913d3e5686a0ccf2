ARG PYTHON_VERSION=3.12
ARG VARIANT=slim

# plimsoll: this stage builds, and is not part of the image
# TODO(plimsoll): pin: python:3.12-slim is not pinned: it is put together from variables: write it
#   out, or keep the whole reference in one ARG
FROM python:${PYTHON_VERSION}-${VARIANT} AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
ARG PYTHON_VERSION
WORKDIR /app
COPY docker-entrypoint.sh /usr/local/bin/
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual environment
# TODO(plimsoll): pin: python:3.12-slim is not pinned: it is put together from variables: write it
#   out, or keep the whole reference in one ARG
FROM python:${PYTHON_VERSION}-${VARIANT}
ARG PYTHON_VERSION
LABEL python="${PYTHON_VERSION}"
WORKDIR /app
COPY docker-entrypoint.sh /usr/local/bin/
# plimsoll: closes world-writable: to be run, not written
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 app.py docker-entrypoint.sh requirements.txt ./
VOLUME /app/data

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && mkdir -p /app/data \
    && chown 10001:10001 /app \
    && chown -R 10001:10001 /app/data
USER 10001:10001
EXPOSE 8000/tcp

# plimsoll: closes healthcheck-missing: whether port 8000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()"]
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
