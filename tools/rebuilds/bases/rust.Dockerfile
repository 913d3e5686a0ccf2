# Rust and Cargo of Debian, with Cargo's folder where the official images have it.
FROM buildpack-deps:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends cargo rustc && rm -rf /var/lib/apt/lists/*
ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN mkdir -p /usr/local/cargo/bin && for program in cargo rustc rustdoc; do ln -s /usr/bin/$program /usr/local/cargo/bin/$program; done \
 && chmod -R a+w /usr/local/cargo && cargo --version
