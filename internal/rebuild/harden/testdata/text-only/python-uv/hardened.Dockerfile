FROM python:3.12-slim@sha256:1d0447543fac833cc86eed3edb0988e1c6ea7dfb011f7448f93bf50a6f1486d0
COPY --from=ghcr.io/astral-sh/uv:latest@sha256:2bdd7b9beec432a9deeb86ccfbcf21f7cffacd8cb1a5b3cf3e72e1ea2439dfcf /uv /uvx /bin/
# plimsoll: closes add-not-copy: ADD where COPY would do
COPY . /app
WORKDIR /app
# plimsoll: closes uv-cache: uv's cache stays in the layer
RUN uv --no-cache sync --locked

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown -R 10001:10001 /app
USER 10001:10001
# TODO(plimsoll): dev-server: fastapi dev is a development server. Start a server that is made for
#   it: gunicorn or uvicorn without --reload, node with the built files, php-fpm, nginx for static
#   files.
CMD ["uv", "run", "fastapi", "dev", "--host", "0.0.0.0"]
