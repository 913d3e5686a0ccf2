# plimsoll: closes build-tools-left: this stage builds, and is not part of the image
FROM python:3.11-alpine@sha256:eef30a2001a1030c16279886e5faa34b24f95981d7461b940b8cbd41a659ecca AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /code
ENV FLASK_APP=app.py
ENV FLASK_RUN_HOST=0.0.0.0
RUN apk add --no-cache gcc musl-dev linux-headers
COPY requirements.txt requirements.txt
# plimsoll: closes pip-cache: pip's cache stays in the layer
RUN pip install --no-cache-dir -r requirements.txt

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual environment
FROM python:3.11-alpine@sha256:eef30a2001a1030c16279886e5faa34b24f95981d7461b940b8cbd41a659ecca
WORKDIR /code
ENV FLASK_APP=app.py
ENV FLASK_RUN_HOST=0.0.0.0
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
EXPOSE 5000
COPY --chown=10001:10001 . .

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN adduser -D -H -u 10001 -h /code -s /sbin/nologin app \
    && chown 10001:10001 /code
USER 10001:10001

# plimsoll: closes healthcheck-missing: whether port 5000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 5000), 3).close()"]
# TODO(plimsoll): dev-server: flask run is a development server. Start a server that is made for it:
#   gunicorn or uvicorn without --reload, node with the built files, php-fpm, nginx for static
#   files.
CMD ["flask", "run"]
