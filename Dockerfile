# The server's image, for docker-compose.yml or by itself: docs/operations.md says how it is started.
# Debian's own Python, because it gets security updates from Debian and because the RUN lines can
# then be tried without Docker (tools/try-dockerfile).

FROM debian:bookworm-slim AS build
# Debian keeps only the newest version of a package, so a pinned one stops to exist.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/daedam
# Alone and first: a change of the code does not download the libraries again.
COPY requirements.lock ./
COPY tools/torch tools/
RUN python3 -m venv .venv \
    && tools/torch .venv \
    && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps \
        --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY server server/
COPY pipeline pipeline/
COPY static static/
COPY deploy/healthy.py deploy/
# Editable, as make run installs it: the server finds its pages beside its code. The code is
# compiled here because the server may not write there, and readable however it was checked out.
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps \
        --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q server pipeline \
    && chmod -R a+rX .

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 daedam \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/daedam \
        --shell /usr/sbin/nologin daedam \
    && install --directory --owner daedam --group daedam --mode 0700 \
        /var/lib/daedam /var/lib/daedam/data /var/lib/daedam/models
COPY --from=build /opt/daedam /opt/daedam
# 0.0.0.0 is every address of the container; without DAEDAM_SECRET the server refuses that. A
# library would report about its use over the internet unless it is told not to.
ENV PATH=/opt/daedam/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    DAEDAM_HOST=0.0.0.0 \
    DAEDAM_PORT=8000 \
    DAEDAM_DATA=/var/lib/daedam/data \
    DAEDAM_MODELS=/var/lib/daedam/models
WORKDIR /var/lib/daedam
USER 10001:10001
VOLUME ["/var/lib/daedam/data", "/var/lib/daedam/models"]
EXPOSE 8000
STOPSIGNAL SIGTERM
# Alive, not ready: a server that waits for Redis must not be taken for a broken one.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "/opt/daedam/deploy/healthy.py"]
ENTRYPOINT ["daedam"]
CMD ["serve"]
