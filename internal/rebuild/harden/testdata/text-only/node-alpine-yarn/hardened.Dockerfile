# TODO(plimsoll): stages: this was not split into a build stage and a final one, since package.json
#   could not be read
# TODO(plimsoll): base-end-of-life: node:18-alpine: Node.js 18 has had no fixes since 2025-04-30.
#   Move to a release that is still supported.
FROM node:18-alpine@sha256:e39504ab513f4366b9373942a2c2ec2bd4a044cffe739026250258f83b26c9ff
WORKDIR /app
COPY --chown=1000:1000 package.json yarn.lock ./
RUN yarn install --frozen-lockfile
COPY --chown=1000:1000 . .
RUN yarn build

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN chown 1000:1000 /app
USER 1000:1000
EXPOSE 3000

# plimsoll: closes healthcheck-missing: whether port 3000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "const at = h => require('net').connect(3000, h).on('connect', () => process.exit(0)); at('127.0.0.1').on('error', () => at(require('os').hostname()).on('error', () => process.exit(1)))"]
CMD ["yarn", "start"]
