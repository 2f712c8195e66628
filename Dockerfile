# Two stages: the toolchain stays behind, Swift's own libraries are linked in. Each architecture is
# compiled on itself: build an image for arm64 on an arm64 machine.
FROM swift:6.2-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        libcurl4-openssl-dev libssl-dev zlib1g-dev libzstd-dev libsnappy-dev libre2-dev libsqlite3-dev libpq-dev libhiredis-dev g++ pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# The dependencies first: they change seldom, and so stay in the cache.
COPY Package.swift ./
RUN swift package resolve
COPY Sources Sources
# Package.swift names the test targets, whose folders must exist.
COPY Tests Tests
COPY scripts/release scripts/release
RUN scripts/release /out/tributary

# The web page, of libraries that this suite of Debian has.
FROM debian:forky-slim AS page
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        python3 esbuild node-uplot node-codemirror-state node-codemirror-view node-codemirror-language \
        node-codemirror-autocomplete node-codemirror-lint node-codemirror-commands node-codemirror-search \
        node-lezer-common node-style-mod node-w3c-keyname node-crelt \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY scripts/web scripts/fetch-web-libraries scripts/packages.bash scripts/web-libraries.sha256 scripts/
COPY web web
RUN TRIBUTARY_WEB_LIBRARIES=/usr/share/nodejs scripts/web

FROM debian:bookworm-slim
# docker build --build-arg VERSION=… --build-arg REVISION="$(git rev-parse HEAD)" .
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tributary" \
      org.opencontainers.image.description="Makes several Prometheus servers look like one" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        ca-certificates libcurl4 libhiredis0.14 libpq5 libre2-9 libsnappy1v5 libsqlite3-0 libssl3 libstdc++6 libzstd1 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 65532 --home-dir /var/lib/tributary --create-home tributary
COPY --from=build /out/tributary /usr/local/bin/tributary
COPY --from=page /source/.build/web /usr/local/share/tributary/web
USER tributary
WORKDIR /var/lib/tributary
EXPOSE 9090
STOPSIGNAL SIGTERM
# With tls or url_base_path: docker run --health-cmd 'tributary health --url https://127.0.0.1:9090/base'
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["tributary", "health"]
ENTRYPOINT ["tributary"]
CMD ["serve", "--config", "/etc/tributary/configuration.yaml"]
