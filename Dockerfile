# The operator's image. Needs BuildKit, podman or buildah:
#
#     docker build -t jwk-operator:0.1.0 .
#
# Both arguments choose the base: another tag or a mirror, and the digest to hold it to.
#
#     --build-arg PYTHON_IMAGE=registry.example.com/python:3.13-slim-trixie --build-arg PYTHON_DIGEST=sha256:...
#
# pip uses the package index that the builder has; a private one comes in as a secret and ends up in no layer:
#
#     --secret id=pip_config,src=pip.conf

ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie
ARG PYTHON_DIGEST=

FROM ${PYTHON_IMAGE}${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# The environment gets its packages from the base image's pip, so that pip itself is never in it. Dependencies come first:
# they change less often than the operator does. Wheels only: nothing is compiled, and no package runs code of its own here.
COPY requirements/runtime.lock requirements/build.lock requirements/
RUN --mount=type=secret,id=pip_config,target=/etc/pip.conf \
    python -m venv --without-pip /opt/jwk-operator \
 && python -m pip --python /opt/jwk-operator/bin/python install --no-compile --only-binary=:all: --require-hashes -r requirements/runtime.lock \
 && python -m venv --without-pip /opt/hatchling \
 && python -m pip --python /opt/hatchling/bin/python install --no-compile --only-binary=:all: --require-hashes -r requirements/build.lock

COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/hatchling/bin/python -m hatchling build -t wheel -d /dist \
 && python -m pip --python /opt/jwk-operator/bin/python install --no-compile --no-index --no-deps /dist/*.whl

# Left out: tests of libraries, stubs and C sources, the scripts of other packages, and the Kubernetes client's copy for
# asyncio, a third of all. kopf's login does not use that, and of the client's API and model classes three small ones;
# they are loaded one by one, and stay uncompiled. The rest is compiled here, since the container cannot write, and not
# checked against its sources when it is loaded.
RUN cd /opt/jwk-operator \
 && find bin -type f ! -name jwk-operator -delete \
 && rm -rf include lib/python3*/site-packages/kubernetes/aio \
 && find lib -depth -type d \( -name tests -o -name test \) -exec rm -r {} + \
 && find lib -type f \( -name '*_test.py' -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.[ch]' \) -delete \
 && python -m compileall -q -j 0 -x 'kubernetes/client/(api|models)/(?!__init__)' --invalidation-mode unchecked-hash lib

FROM ${PYTHON_IMAGE}${PYTHON_DIGEST:+@${PYTHON_DIGEST}}
ARG PYTHON_IMAGE
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="jwk-operator" \
      org.opencontainers.image.description="Kubernetes operator that reconciles JWK resources against the Apinizer Management API" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"

# kopf asks for the user's name: without an entry in passwd the container would end at its start in Kubernetes (podman adds
# one of its own, so it would not show there). The home folder belongs to root: nothing is to be written.
RUN echo 'jwk-operator:x:65532:' >>/etc/group \
 && echo 'jwk-operator:x:65532:65532:jwk-operator:/home/jwk-operator:/usr/sbin/nologin' >>/etc/passwd \
 && mkdir -m 0755 /home/jwk-operator

COPY --from=build /opt/jwk-operator /opt/jwk-operator
ENV PATH=/opt/jwk-operator/bin:$PATH \
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
