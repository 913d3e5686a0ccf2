# Ruby with Bundler, gems where the official images keep them.
FROM debian:bookworm-slim AS slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates ruby ruby-bundler && rm -rf /var/lib/apt/lists/* \
 && for program in ruby gem bundle bundler irb; do ln -s /usr/bin/$program /usr/local/bin/$program; done
ENV LANG=C.UTF-8 GEM_HOME=/usr/local/bundle BUNDLE_SILENCE_ROOT_WARNING=1 BUNDLE_APP_CONFIG=/usr/local/bundle \
    PATH=/usr/local/bundle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN mkdir -m 1777 -p "$GEM_HOME"
CMD ["irb"]

FROM buildpack-deps:bookworm AS full
RUN apt-get update && apt-get install -y --no-install-recommends ruby ruby-bundler ruby-dev && rm -rf /var/lib/apt/lists/* \
 && for program in ruby gem bundle bundler irb; do ln -s /usr/bin/$program /usr/local/bin/$program; done
ENV LANG=C.UTF-8 GEM_HOME=/usr/local/bundle BUNDLE_SILENCE_ROOT_WARNING=1 BUNDLE_APP_CONFIG=/usr/local/bundle \
    PATH=/usr/local/bundle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN mkdir -m 1777 -p "$GEM_HOME"
CMD ["irb"]
