ARG ELIXIR_VERSION=1.16.0
ARG OTP_VERSION=26.2.1
ARG DEBIAN_VERSION=bookworm-20231009-slim
ARG BUILDER_IMAGE="hexpm/elixir:${ELIXIR_VERSION}-erlang-${OTP_VERSION}-debian-${DEBIAN_VERSION}"
ARG RUNNER_IMAGE="debian:${DEBIAN_VERSION}"

# TODO(plimsoll): pin: hexpm/elixir:1.16.0-erlang-26.2.1-debian-bookworm-20231009-slim is not
#   pinned: it is put together from variables: write it out, or keep the whole reference in one ARG
FROM ${BUILDER_IMAGE} AS builder
# plimsoll: closes apt-no-recommends: no packages that are merely recommended; ca-certificates came
#   that way, and may be needed
RUN apt-get update -y && apt-get install --no-install-recommends -y build-essential git ca-certificates && apt-get clean && rm -f /var/lib/apt/lists/*_*
WORKDIR /app
RUN mix local.hex --force && mix local.rebar --force
ENV MIX_ENV="prod"
COPY mix.exs mix.lock ./
RUN mix deps.get --only $MIX_ENV
COPY lib lib
RUN mix compile && mix release

# TODO(plimsoll): pin: debian:bookworm-20231009-slim is not pinned: it is put together from
#   variables: write it out, or keep the whole reference in one ARG
FROM ${RUNNER_IMAGE}
WORKDIR "/app"
RUN chown nobody /app
COPY --from=builder --chown=nobody:root /app/_build/prod/rel/my_app ./
# plimsoll: closes user-not-numeric: this is nobody
USER 65534
CMD ["/app/bin/server"]
