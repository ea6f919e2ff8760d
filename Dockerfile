# The same Node that the tests run on; a test holds the two together. Not the smaller Alpine: its Node is linked with
# another C library, on which nobody has run these tests.
FROM node:26.10.0-slim AS node

FROM node AS packages
WORKDIR /app
# Before the sources: a change of these leaves the packages where they are.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY src src
# All that the service may write to, and only when DATABASE_URL is not a PostgreSQL's.
RUN mkdir data && chown node:node data
VOLUME /app/data
USER node
EXPOSE 8080
# Not /ready: what acts on an unhealthy container starts it again, which mends neither a full disk nor a database that
# is away, and would drop the commands that wait for them.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell between the service and its signals: on SIGTERM it answers what is in flight and ends with 0.
STOPSIGNAL SIGTERM
CMD ["node", "src/main.ts"]
