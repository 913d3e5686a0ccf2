# TODO(plimsoll): base-end-of-life: ruby:3.1-slim: Ruby 3.1 has had no fixes since 2025-03-26. Move
#   to a release that is still supported.
FROM ruby:3.1-slim@sha256:93eb59910e7d1cb862d85c3ea77e458ee75c26591b69c2f00a3f9fccf2a41a2e
COPY report.rb /report.rb

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
USER 10001:10001
ENTRYPOINT ["ruby","/report.rb"]
