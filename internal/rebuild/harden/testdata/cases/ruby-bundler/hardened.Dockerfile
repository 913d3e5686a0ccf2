# TODO(plimsoll): base-end-of-life: ruby:3.1: Ruby 3.1 has had no fixes since 2025-03-26. Move to a
#   release that is still supported.
FROM ruby:3.1@sha256:c85317817d99b4376fffc7dac8c7ac475c8cb8f44a44e3d5c141e2656e6977bb
RUN bundle config set --global frozen 1
WORKDIR /usr/src/app
COPY --chown=10001:10001 Gemfile Gemfile.lock ./
RUN bundle install
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
