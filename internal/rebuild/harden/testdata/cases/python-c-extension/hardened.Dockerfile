# plimsoll: closes build-tools-left: this stage builds, and is not part of the image
FROM python:3.11-slim-bookworm@sha256:c2c9fdd0d5193db0e65a49fb60291a15fa9d8dfbad4d3d6287eed7bdbaa3f9db AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# plimsoll: closes apt-no-recommends: no packages that are merely recommended
RUN apt-get update && apt-get install --no-install-recommends -y \
    gcc \
    libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY setup.py fastsum.c ./
RUN pip install --no-cache-dir .

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual environment
FROM python:3.11-slim-bookworm@sha256:c2c9fdd0d5193db0e65a49fb60291a15fa9d8dfbad4d3d6287eed7bdbaa3f9db
WORKDIR /app
COPY --chown=10001:10001 setup.py fastsum.c ./
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY --chown=10001:10001 main.py .

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /app
USER 10001:10001
CMD ["python", "main.py"]
