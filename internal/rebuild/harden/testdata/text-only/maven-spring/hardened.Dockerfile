# TODO(plimsoll): stages: this was not split into a build stage and a final one, since the build
#   context is not known, and the program may read files of it
FROM maven:3.9-eclipse-temurin-17@sha256:f27c1f33425d74113badb9c7cbce2c6f5e836ae518f7567f975eae2346ca1f7f
COPY . /app
WORKDIR /app
RUN mvn -B package -DskipTests

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && chown -R 10001:10001 /app
USER 10001:10001
EXPOSE 8080

# plimsoll: closes healthcheck-missing: whether port 8080 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]
CMD ["java", "-Xmx512m", "-jar", "target/app-0.0.1-SNAPSHOT.jar"]
