# What the larger ones of the official images stand on: a compiler and the usual tools.
ARG SUITE
FROM debian:${SUITE}-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates curl gcc git libc6-dev make pkg-config wget && rm -rf /var/lib/apt/lists/*
