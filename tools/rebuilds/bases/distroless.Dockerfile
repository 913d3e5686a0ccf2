# Images without a shell and a package manager, with the records in status.d, as
# gcr.io/distroless lays them out: the files of Debian's packages and nothing else.
ARG SUITE
FROM debian:${SUITE}-slim AS packages
RUN apt-get update
COPY distroless.sh /

FROM packages AS make-static
RUN sh /distroless.sh /out base-files netbase tzdata media-types ca-certificates
FROM packages AS make-base
RUN sh /distroless.sh /out libc6 libssl3
FROM packages AS make-cc
RUN sh /distroless.sh /out libgcc-s1 libgomp1 libstdc++6
FROM packages AS make-python3
RUN sh /distroless.sh /out libbz2-1.0 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libtinfo6 libuuid1 zlib1g \
    libpython3-stdlib python3-minimal && ln -s python3 /out/usr/bin/python
FROM packages AS make-java
RUN sh /distroless.sh /out libuuid1 zlib1g openjdk-17-jre-headless \
 && mkdir -p /out/usr/bin && ln -s "/$(cd /out && echo usr/lib/jvm/java-17-openjdk-*)/bin/java" /out/usr/bin/java

FROM scratch AS static
COPY --from=make-static /out/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 0
WORKDIR /
FROM static AS static-nonroot
USER 65532
WORKDIR /home/nonroot

FROM static AS base
COPY --from=make-base /out/ /
FROM base AS base-nonroot
USER 65532
WORKDIR /home/nonroot

FROM base AS cc
COPY --from=make-cc /out/ /
FROM cc AS cc-nonroot
USER 65532
WORKDIR /home/nonroot

FROM cc AS python3
COPY --from=make-python3 /out/ /
ENV LANG=C.UTF-8
ENTRYPOINT ["/usr/bin/python3"]
FROM python3 AS python3-nonroot
USER 65532
WORKDIR /home/nonroot

FROM cc AS nodejs
ARG NODE
COPY ${NODE}/bin/node /nodejs/bin/node
ENTRYPOINT ["/nodejs/bin/node"]
FROM nodejs AS nodejs-nonroot
USER 65532
WORKDIR /home/nonroot

FROM cc AS java
COPY --from=make-java /out/ /
ENV LANG=C.UTF-8 JAVA_VERSION=17
ENTRYPOINT ["/usr/bin/java", "-jar"]
FROM java AS java-nonroot
USER 65532
WORKDIR /home/nonroot
