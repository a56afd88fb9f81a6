# The operator's image. Needs BuildKit, podman or buildah:
#
#     docker build -t jwk-operator:0.1.0 .
#
# Both arguments choose the base, a Debian with Python in it: another tag or a mirror, and the digest to hold it to.
#
#     --build-arg PYTHON_IMAGE=registry.example.com/python:3.13-slim-trixie --build-arg PYTHON_DIGEST=sha256:...
#
# pip uses the package index that the builder has; a private one comes in as a secret and ends up in no layer:
#
#     --secret id=pip_config,src=pip.conf
#
# docs/operations/image.md tells what is in the image, and how to verify it.

ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie
ARG PYTHON_DIGEST=

FROM ${PYTHON_IMAGE}${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS base

FROM base AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# The environment gets its packages from the base image's pip, so that pip itself is never in it. Dependencies come first:
# they change less often than the operator does. Wheels only: nothing is compiled, and no package runs code of its own here.
#
# Left out: tests of libraries, stubs and C sources, the scripts of packages, and the Kubernetes client's copy for
# asyncio, a third of all. kopf's login does not use that, and of the client's API and model classes three small ones;
# they are loaded one by one, and stay uncompiled. The rest is compiled here, since the container cannot write, and not
# checked against its sources when it is loaded.
COPY requirements/runtime.lock requirements/build.lock requirements/
RUN --mount=type=secret,id=pip_config,target=/etc/pip.conf \
    python -m venv --without-pip /opt/jwk-operator \
 && python -m pip --python /opt/jwk-operator/bin/python install --no-compile --only-binary=:all: --require-hashes \
      --report /opt/report.json -r requirements/runtime.lock \
 && python -m venv --without-pip /opt/build \
 && python -m pip --python /opt/build/bin/python install --no-compile --only-binary=:all: --require-hashes -r requirements/build.lock \
 && find /opt/jwk-operator/bin -type f -delete \
 && rm -rf /opt/jwk-operator/include /opt/jwk-operator/lib/python3*/site-packages/kubernetes/aio \
 && find /opt/jwk-operator/lib -depth -type d \( -name tests -o -name test \) -exec rm -r {} + \
 && find /opt/jwk-operator/lib -type f \
      \( -name '*_test.py' -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.[ch]' \) -delete \
 && find /opt/jwk-operator/lib -type f ! -name '*.so*' -perm /111 -exec chmod a-x {} + \
 && python -m compileall -q -j 0 -x 'kubernetes/client/(api|models)/(?!__init__)' --invalidation-mode unchecked-hash \
      /opt/jwk-operator/lib

# Times of files are SOURCE_DATE_EPOCH's, so that the same sources on the same base give the same layers.
ARG SOURCE_DATE_EPOCH=0
COPY tools/image /opt/tools/image
ENV PYTHONPATH=/opt/tools
RUN /opt/build/bin/python -m image system --application /opt/jwk-operator --system /opt/system \
 && find /opt/system -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/python -m hatchling build -t wheel -d /dist \
 && python -m pip --python /opt/jwk-operator/bin/python install --no-compile --no-index --no-deps /dist/*.whl \
 && rm /opt/jwk-operator/bin/kubectl* \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/jwk-operator/lib/python3*/site-packages/jwk_operator \
 && /opt/build/bin/python -m image sbom --application /opt/jwk-operator --system /opt/system --report /opt/report.json \
      --epoch "${SOURCE_DATE_EPOCH}" --output /opt/sbom/jwk-operator.cdx.json \
 && find /opt/jwk-operator /opt/sbom -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

# Not from the base, but with the files of it that the operator runs on: Python, its libraries, certificates, time zones.
# There is no shell, no pip, no package manager, no other program. Which of Debian's packages the files are from is noted
# in /var/lib/dpkg/status.d, where scanners of images look for it, and in the SBOM.
FROM scratch
ARG PYTHON_IMAGE
ARG PYTHON_DIGEST
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="jwk-operator" \
      org.opencontainers.image.description="Kubernetes operator that reconciles JWK resources against the Apinizer Management API" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}" \
      org.opencontainers.image.base.digest="${PYTHON_DIGEST}" \
      com.apinizer.apiops.sbom="/usr/share/sbom/jwk-operator.cdx.json"

COPY --from=build /opt/system /
# From the base itself: a builder may mount certificates of its own over them for RUN.
COPY --from=base /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /opt/jwk-operator /opt/jwk-operator
COPY --from=build /opt/sbom /usr/share/sbom
ENV PATH=/opt/jwk-operator/bin:/usr/local/bin:/usr/bin \
    LANG=C.UTF-8 \
    HOME=/home/jwk-operator \
    USER=jwk-operator \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONNOUSERSITE=1 \
    JWK_OPERATOR_BIND_ADDRESS=0.0.0.0

# By number: Kubernetes cannot tell from a name that it is not root (runAsNonRoot).
USER 65532:65532
WORKDIR /home/jwk-operator
EXPOSE 8080 8081
ENTRYPOINT ["jwk-operator"]
CMD ["run"]
