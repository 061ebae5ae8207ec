# Builds with the development dependencies, runs without them and not as root.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY src src
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY bin bin
COPY schema schema
RUN mkdir -p /var/lib/tailmeter && chown node:node /var/lib/tailmeter
USER node
VOLUME /var/lib/tailmeter
# Fails when no daemon answers on the state directory's socket.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "bin/tailmeter.js", "status", "--config", "/etc/tailmeter/tailmeter.yaml", "--live"]
ENTRYPOINT ["node", "bin/tailmeter.js"]
CMD ["run", "--config", "/etc/tailmeter/tailmeter.yaml"]
