# Node.js as the official images lay it out. The program is the one that the npm
# packages node-linux-* carry; npm is npm's own package.
FROM debian:bookworm-slim AS slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
ARG NODE
COPY ${NODE}/bin/node /usr/local/bin/node
COPY npm/ /usr/local/lib/node_modules/npm/
COPY npmrc /usr/local/etc/npmrc
COPY ca.pem /usr/local/share/standin/ca.pem
RUN ln -s node /usr/local/bin/nodejs \
 && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
 && chmod 755 /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/*-cli.js \
 && node --version && npm --version
CMD ["node"]

FROM buildpack-deps:bookworm AS full
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY --from=slim /usr/local/ /usr/local/
CMD ["node"]
