FROM python:3.11@sha256:e50c037506a2ef36b19e6af2b9ec0e1f5223fcb5f879775712a677576f6daa11
# TODO(plimsoll): remote-script-run: what install.example.org sends is run without being looked at.
#   Fetch a release of a fixed version into a file, hold it against a checksum that stands in the
#   Dockerfile, then run it; or install the package.
RUN curl -sSL https://install.example.org | python3 -
ENV PATH="/root/.local/bin:$PATH"
WORKDIR /app
COPY pyproject.toml poetry.lock /app/
# plimsoll: closes poetry-cache: Poetry's cache stays in the layer
RUN poetry config virtualenvs.create false && poetry install --no-cache --no-root
COPY . /app

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown -R 10001:10001 /app
USER 10001:10001
CMD ["poetry", "run", "uvicorn", "app.main:app", "--reload", "--host", "0.0.0.0"]
