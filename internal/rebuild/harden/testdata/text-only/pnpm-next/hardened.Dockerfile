FROM node:20-alpine@sha256:25f35284d40ecf53703eace20ca3d7a8291bd9daa03a891bf71a4963a0932447 AS deps
RUN corepack enable pnpm
WORKDIR /app
COPY package.json pnpm-lock.yaml ./
RUN pnpm install --frozen-lockfile

FROM deps AS builder
COPY . .
RUN pnpm build

FROM node:20-alpine@sha256:25f35284d40ecf53703eace20ca3d7a8291bd9daa03a891bf71a4963a0932447 AS runner
WORKDIR /app
ENV NODE_ENV=production
RUN addgroup -S nodejs && adduser -u 10001 -S nextjs -G nodejs
COPY --from=builder /app/public ./public
COPY --from=builder --chown=nextjs:nodejs /app/.next/standalone ./
# plimsoll: closes user-not-numeric: this is nextjs
USER 10001
EXPOSE 3000

# plimsoll: closes healthcheck-missing: whether port 3000 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "const at = h => require('net').connect(3000, h).on('connect', () => process.exit(0)); at('127.0.0.1').on('error', () => at(require('os').hostname()).on('error', () => process.exit(1)))"]
CMD ["node", "server.js"]
