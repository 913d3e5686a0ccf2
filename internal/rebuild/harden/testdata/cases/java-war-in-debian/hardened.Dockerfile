FROM debian:bookworm@sha256:54a065b903a02b35a253c4a32a811fc5408e2d1c7ce8dfdc6b9c84549925d2fa
# plimsoll: closes apt-no-recommends: no packages that are merely recommended
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
RUN apt-get -y update && apt-get -y install --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
# plimsoll: closes add-not-copy: ADD where COPY would do
COPY --chown=10001:10001 manifest.txt Main.java /opt/app/
ENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64
WORKDIR /opt/app

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /opt/app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /opt/app
USER 10001:10001
CMD ["java", "Main.java"]
