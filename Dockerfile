# Two stages: the toolchain stays behind, Swift's own libraries are linked in.
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

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        ca-certificates libcurl4 libhiredis0.14 libpq5 libre2-9 libsnappy1v5 libsqlite3-0 libssl3 libstdc++6 libzstd1 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 65532 --home-dir /var/lib/tributary --create-home tributary
COPY --from=build /out/tributary /usr/local/bin/tributary
USER tributary
WORKDIR /var/lib/tributary
EXPOSE 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["tributary"]
CMD ["serve", "--config", "/etc/tributary/configuration.yaml"]
