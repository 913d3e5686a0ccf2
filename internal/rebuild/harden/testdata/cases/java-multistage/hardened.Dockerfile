FROM eclipse-temurin:17-jdk@sha256:fa40208bcaa13c45bd82fc9b872f70b8a610223a30eb17f1a07f919b3e7631fb AS build
WORKDIR /build
COPY src src
RUN mkdir classes \
 && javac -d classes src/Main.java \
 && jar -c -f app.jar -e Main -C classes .

FROM eclipse-temurin:17-jre@sha256:55b91dcd95d614673918dd307b05b4f1fc3b93c3f7c7e544c35cd762ddab8397
WORKDIR /app
COPY --from=build --chown=10001:10001 /build/app.jar ./app.jar

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /app
USER 10001:10001
EXPOSE 8080

# plimsoll: closes healthcheck-missing: whether port 8080 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]
ENTRYPOINT ["sh", "-c", "exec java $JAVA_OPTS -jar /app/app.jar"]
