# plimsoll: this stage builds, and is not part of the image
FROM python:latest@sha256:329c7eddcf448f418e65381cefaa427338f7c9393b6da3923d51abb0d5baebdf AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN apt-get update && apt-get install --no-install-recommends -y curl ca-certificates && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /app/
WORKDIR /app
# plimsoll: closes pip-cache: pip's cache stays in the layer
RUN pip install --no-cache-dir -r requirements.txt

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual
#   environment; slim, since nothing here needs compilers and their libraries
FROM python:slim@sha256:c92a8bc5140b077142bf12b9115d429d9c369ce87b698bf49d984007a279ce49
LABEL org.opencontainers.image.authors="Web Team <web@example.com>"
# plimsoll: closes apt-no-recommends: no packages that are merely recommended; ca-certificates came
#   that way, and may be needed
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
RUN apt-get update && apt-get install --no-install-recommends -y curl ca-certificates && rm -rf /var/lib/apt/lists/*
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 app.py requirements.txt /app/
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
ENV FLASK_APP=app.py
# plimsoll: FLASK_ENV is production
ENV FLASK_ENV=production

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /app
USER 10001:10001
EXPOSE 5000

# plimsoll: closes healthcheck-missing: whether port 5000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 5000), 3).close()"]
# TODO(plimsoll): dev-server: flask run is a development server. Start a server that is made for it:
#   gunicorn or uvicorn without --reload, node with the built files, php-fpm, nginx for static
#   files.
CMD ["flask", "run", "--host=0.0.0.0"]
