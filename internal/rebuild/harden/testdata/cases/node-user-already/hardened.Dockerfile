# TODO(plimsoll): stages: this was not split into a build stage and a final one, since packages are
#   installed as another user than root
FROM node:22-slim@sha256:d2cb67541ab6058dfd372db51d3f250e7fe8a777678f945bae6d845775db2438
LABEL org.opencontainers.image.title="queue" \
      org.opencontainers.image.source="https://git.example.com/queue"
WORKDIR /home/node/app
RUN chown node:node /home/node/app
COPY --chown=node:node package.json package-lock.json ./
# plimsoll: closes user-not-numeric: this is node
USER 1000:1000
RUN npm ci --omit=dev && npm cache clean --force
COPY --chown=node:node server.js ./
EXPOSE 8080
ENV PORT=8080
HEALTHCHECK --interval=30s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:8080').then(r => process.exit(r.ok ? 0 : 1))"]
CMD ["node", "server.js"]
