# plimsoll: this stage builds, and is not part of the image
FROM eclipse-temurin:17@sha256:5b3d512b6d150dbb3a680294a11c7c6d00feda2d93df07f4b84a112326611a96 AS build
COPY . /usr/src/app
WORKDIR /usr/src/app
RUN javac -d classes src/Main.java && jar --create --file app.jar --main-class Main -C classes .

# plimsoll: Java's runtime without its compiler, and the archive that was built
FROM eclipse-temurin:17-jre@sha256:55b91dcd95d614673918dd307b05b4f1fc3b93c3f7c7e544c35cd762ddab8397
WORKDIR /usr/src/app
COPY --from=build --chown=10001:10001 /usr/src/app/app.jar /usr/src/app/app.jar

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /usr/src/app --shell /usr/sbin/nologin app \
    && chown 10001:10001 /usr/src/app
USER 10001:10001
# plimsoll: closes expose-debug-port: port 5005 is not offered any more
EXPOSE 8080

# plimsoll: closes healthcheck-missing: whether port 8080 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]
# plimsoll: JAVA_TOOL_OPTIONS started Java's debugger, and nothing else
CMD ["java", "-jar", "app.jar"]
