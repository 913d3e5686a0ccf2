# TODO(plimsoll): stages: this was not split into a build stage and a final one, since line 10 does
#   more than install and build packages
FROM node:latest@sha256:545ea538461003efdc8c81c244531b003f6f26cfccf6c0073b3239fdedf49446

RUN mkdir -p /app
WORKDIR /app
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY package.json server.js /app/

# plimsoll: closes secret-value: NPM_TOKEN out of the image; the steps that read it need docker
#   build --secret id=npm_token,env=NPM_TOKEN
# TODO(plimsoll): rotate-secret: make a new NPM_TOKEN and withdraw the old: it is in this file's
#   history, and in every image that was built from it
ENV PORT=3000
RUN npm config set strict-ssl true
# plimsoll: closes npm-cache: npm's cache stays in the layer
RUN --mount=type=secret,id=npm_token NPM_TOKEN=$(cat /run/secrets/npm_token) && export NPM_TOKEN && npm install && npm cache clean --force

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN chown -R 1000:1000 /app
USER 1000:1000

# plimsoll: closes expose-debug-port: port 9229 is not offered any more
EXPOSE 3000

# plimsoll: closes healthcheck-missing: whether port 3000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "const at = h => require('net').connect(3000, h).on('connect', () => process.exit(0)); at('127.0.0.1').on('error', () => at(require('os').hostname()).on('error', () => process.exit(1)))"]
# plimsoll: without --inspect=0.0.0.0:9229
CMD ["node", "server.js"]
