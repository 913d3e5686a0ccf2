# OpenJDK at the path that Eclipse Temurin's images use: a folder, so that it can be
# copied into other images, and Debian's path is the link.
FROM debian:bookworm-slim AS jre
ENV JAVA_HOME=/opt/java/openjdk LANG=C.UTF-8 PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /opt/java && debian=$(echo /usr/lib/jvm/java-17-openjdk-*) && mv "$debian" "$JAVA_HOME" && ln -s "$JAVA_HOME" "$debian" && java -version

FROM jre AS jdk
RUN apt-get update && apt-get install -y --no-install-recommends binutils openjdk-17-jdk-headless && rm -rf /var/lib/apt/lists/* && javac -version
CMD ["jshell"]
