# plimsoll: this stage builds, and is not part of the image
FROM node:20-slim@sha256:11d2fcf8415919aa33e0e2ab14935883320088a5e3ba2ac003a6f9d3985e5ca8 AS build
WORKDIR /app
COPY package.json .
# plimsoll: closes npm-cache: npm's cache stays in the layer
RUN npm i && npm cache clean --force

# plimsoll: the packages come from the build stage, without npm's cache
FROM node:20-slim@sha256:11d2fcf8415919aa33e0e2ab14935883320088a5e3ba2ac003a6f9d3985e5ca8
WORKDIR /app
# plimsoll: closes add-not-copy: ADD where COPY would do
COPY --chown=1000:1000 package.json .
COPY --from=build --chown=1000:1000 /app/node_modules /app/node_modules
# plimsoll: closes add-not-copy: ADD where COPY would do
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=1000:1000 package.json server.js ./
# plimsoll: NODE_ENV is production
ENV NODE_ENV=production

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN chown 1000:1000 /app
USER 1000:1000
EXPOSE 3000

# plimsoll: closes healthcheck-missing: whether port 3000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "const at = h => require('net').connect(3000, h).on('connect', () => process.exit(0)); at('127.0.0.1').on('error', () => at(require('os').hostname()).on('error', () => process.exit(1)))"]
# TODO(plimsoll): dev-server: npm run dev is a development server. Start a server that is made for
#   it: gunicorn or uvicorn without --reload, node with the built files, php-fpm, nginx for static
#   files.
CMD ["npm", "run", "dev"]
