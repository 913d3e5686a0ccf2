# plimsoll: this stage builds, and is not part of the image
FROM python:3.13-slim@sha256:cf1b6e9cc15cc669d1c096bf5918d3acfa4808bfa16bfd5176ccae1864d93e2d AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /usr/src/app
COPY pyproject.toml README.md ./
COPY src ./src
# plimsoll: closes pip-cache: pip's cache stays in the layer
RUN pip install --no-cache-dir .

# plimsoll: closes pip-as-root: the dependencies come from the build stage, in a virtual environment
FROM python:3.13-slim@sha256:cf1b6e9cc15cc669d1c096bf5918d3acfa4808bfa16bfd5176ccae1864d93e2d
WORKDIR /usr/src/app
COPY pyproject.toml README.md ./
COPY src ./src
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# plimsoll: closes user-not-numeric: this is nobody
USER 65534
ENTRYPOINT ["tally"]
CMD ["--help"]
