FROM gradle:8-jdk21@sha256:c7d7bc7c9c1fd4626a9f8ea196f5e84bc59caefa4373c818ba8df09b5eb35121 AS build
COPY --chown=gradle:gradle . /home/gradle/src
WORKDIR /home/gradle/src
RUN gradle bootJar --no-daemon

FROM eclipse-temurin:21-jre-alpine@sha256:61b825c3fb7d04fe927e1614e178065cb7cb6267280ab00348bf8ec8a0c2e7b0
EXPOSE 8080
COPY --from=build /home/gradle/src/build/libs/*.jar /app/app.jar

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN adduser -D -H -u 10001 -h /nonexistent -s /sbin/nologin app
USER 10001:10001

# plimsoll: closes healthcheck-missing: whether port 8080 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["nc", "-z", "127.0.0.1", "8080"]
ENTRYPOINT ["java", "-jar", "/app/app.jar"]
