# The orders service.
# plimsoll: this stage builds, and is not part of the image
FROM python:3.12-slim@sha256:1d0447543fac833cc86eed3edb0988e1c6ea7dfb011f7448f93bf50a6f1486d0 AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

# Dependencies first, so that the layer is kept while the code changes.
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual environment
FROM python:3.12-slim@sha256:1d0447543fac833cc86eed3edb0988e1c6ea7dfb011f7448f93bf50a6f1486d0

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

WORKDIR /app
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 app.py requirements.txt ./

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /app
USER 10001:10001

EXPOSE 8000

# plimsoll: closes healthcheck-missing: whether port 8000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()"]
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "app:app"]
