# plimsoll: this stage builds, and is not part of the image
FROM ruby:3.1@sha256:c85317817d99b4376fffc7dac8c7ac475c8cb8f44a44e3d5c141e2656e6977bb AS build
RUN bundle config set --global frozen 1
WORKDIR /usr/src/app
COPY Gemfile Gemfile.lock ./
RUN bundle install

# plimsoll: the gems come from the build stage; slim, since nothing here needs compilers and their
#   libraries
# TODO(plimsoll): base-end-of-life: ruby:3.1-slim: Ruby 3.1 has had no fixes since 2025-03-26. Move
#   to a release that is still supported.
FROM ruby:3.1-slim@sha256:93eb59910e7d1cb862d85c3ea77e458ee75c26591b69c2f00a3f9fccf2a41a2e
WORKDIR /usr/src/app
COPY --chown=10001:10001 Gemfile Gemfile.lock ./
COPY --from=build /usr/local/bundle /usr/local/bundle
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 Gemfile Gemfile.lock server.rb ./

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /usr/src/app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /usr/src/app
USER 10001:10001
EXPOSE 4567

# plimsoll: closes healthcheck-missing: whether port 4567 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["ruby", "-rsocket", "-e", "TCPSocket.new('127.0.0.1', 4567).close"]
CMD ["ruby", "server.rb"]
