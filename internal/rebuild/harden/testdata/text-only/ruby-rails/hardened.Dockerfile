# TODO(plimsoll): stages: this was not split into a build stage and a final one, since the build
#   context is not known, so that the final stage would be the same image
FROM ruby:3.2@sha256:755bf4d99e57d81e320124d91301de4f0f2ee360c44e59353496668c7c3b275d
# plimsoll: closes apt-no-recommends: no packages that are merely recommended; ca-certificates came
#   that way, and may be needed
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
RUN apt-get update -qq && apt-get install --no-install-recommends -y nodejs postgresql-client ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /myapp
COPY --chown=10001:10001 Gemfile /myapp/Gemfile
COPY --chown=10001:10001 Gemfile.lock /myapp/Gemfile.lock
RUN bundle install
COPY --chown=10001:10001 . /myapp

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /myapp --shell /usr/sbin/nologin app \
    && chown 10001:10001 /myapp
USER 10001:10001
# plimsoll: closes secret-value: RAILS_MASTER_KEY out of the image; give it when the container is
#   started
# TODO(plimsoll): rotate-secret: make a new RAILS_MASTER_KEY and withdraw the old: it is in this
#   file's history, and in every image that was built from it
EXPOSE 3000

# plimsoll: closes healthcheck-missing: whether port 3000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["ruby", "-rsocket", "-e", "TCPSocket.new('127.0.0.1', 3000).close"]
CMD ["rails", "server", "-b", "0.0.0.0"]
