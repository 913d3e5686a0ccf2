# syntax=docker/dockerfile:1@sha256:a00b51085d4fdec69196f144c0605b8b1caf15c7cff917111785898f6a52a5ef
# plimsoll: this stage builds, and is not part of the image
FROM python:3.12-slim@sha256:1d0447543fac833cc86eed3edb0988e1c6ea7dfb011f7448f93bf50a6f1486d0 AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=index_token \
    pip install -r requirements.txt

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual environment
FROM python:3.12-slim@sha256:1d0447543fac833cc86eed3edb0988e1c6ea7dfb011f7448f93bf50a6f1486d0
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY app.py .
USER 1000
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
