# plimsoll: this stage builds, and is not part of the image
FROM python:3.12@sha256:e3efd51c9a3540dff42c9a1a06745771b4349f9a41331ffe5193557f6914ccac AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
ENV FLASK_DEBUG=0 DEBUG=true
WORKDIR /code
COPY requirements.txt /code/
# plimsoll: closes pip-cache: pip's cache stays in the layer
# TODO(plimsoll): tls-verification-off: pip trusts mirror.example.com unchecked. Leave verification
#   on. For a server of your own, add its authority's certificate: COPY it to
#   /usr/local/share/ca-certificates and run update-ca-certificates, or name it with --cacert.
RUN pip install --no-cache-dir -r requirements.txt --trusted-host mirror.example.com

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual
#   environment; slim, since nothing here needs compilers and their libraries
FROM python:3.12-slim@sha256:1d0447543fac833cc86eed3edb0988e1c6ea7dfb011f7448f93bf50a6f1486d0

# debugpy listens here when DEBUG is set
EXPOSE 8000
# plimsoll: closes expose-debug-port: port 5678 is not offered any more

# plimsoll: FLASK_DEBUG is 0
ENV FLASK_DEBUG=0 DEBUG=true
WORKDIR /code
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 app.py requirements.txt /code/

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /code --shell /usr/sbin/nologin app \
    && chown 10001:10001 /code
USER 10001:10001

# plimsoll: closes healthcheck-missing: whether port 8000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()"]
# plimsoll: without --debug
# TODO(plimsoll): dev-server: flask run is a development server. Start a server that is made for it:
#   gunicorn or uvicorn without --reload, node with the built files, php-fpm, nginx for static
#   files.
CMD ["python", "-m", "flask", "--app", "app", "run", "--host=0.0.0.0", "--port=8000"]
