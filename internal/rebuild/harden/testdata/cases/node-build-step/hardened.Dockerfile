# plimsoll: closes single-stage-build: this stage builds, and is not part of the image
FROM node:20@sha256:194b23bd4ffb132c9a190cac099e31e17ef534cbdad6eeabbc022ed3146220ad AS build
WORKDIR /app
COPY package.json package-lock.json ./
# plimsoll: closes npm-cache: npm's cache stays in the layer
RUN npm ci && npm cache clean --force
COPY . .
RUN npm run build

# plimsoll: what the build stage made, without npm's cache; slim, since nothing here needs compilers
#   and their libraries
FROM node:20-slim@sha256:11d2fcf8415919aa33e0e2ab14935883320088a5e3ba2ac003a6f9d3985e5ca8
WORKDIR /app
COPY --from=build --chown=1000:1000 /app /app
ENV NODE_ENV=production

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN chown 1000:1000 /app
USER 1000:1000
EXPOSE 3000

# plimsoll: closes healthcheck-missing: whether port 3000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "const at = h => require('net').connect(3000, h).on('connect', () => process.exit(0)); at('127.0.0.1').on('error', () => at(require('os').hostname()).on('error', () => process.exit(1)))"]
CMD ["npm", "start"]
