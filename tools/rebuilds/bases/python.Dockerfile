# Python as the official images lay it out: in /usr/local, with site-packages, and
# no python3 of Debian's. Made of Debian's interpreter of the release it stands on,
# which looks for dist-packages, and for headers in /usr/include.
ARG SUITE
FROM debian:${SUITE}-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends \
    libpython3-dev python3-venv python3-pip-whl python3-setuptools-whl python3-wheel-whl \
    python3-flask gunicorn python3-requests python3-blinker python3-yaml
COPY wheels.py /
RUN set -eu; \
    version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
    mkdir -p /out/bin /out/lib /out/include /out/share/standin/wheels; \
    cp /usr/bin/python$version /out/bin/; \
    ln -s python$version /out/bin/python3; ln -s python$version /out/bin/python; \
    cp -a /usr/lib/python$version /out/lib/; \
    cp -a /usr/include/python$version /out/include/; \
    cp -L /usr/include/*/python$version/pyconfig.h /out/include/python$version/; \
    rm -rf /out/lib/python$version/EXTERNALLY-MANAGED /out/lib/python$version/sitecustomize.py /out/lib/python$version/test \
        /out/lib/python$version/config-$version-*/*.a; \
    mkdir -p /out/lib/python$version/site-packages; \
    ln -s site-packages /out/lib/python$version/dist-packages; \
    for file in /out/lib/python$version/sysconfig.py /out/lib/python$version/sysconfig/__init__.py; do \
        [ ! -f $file ] || sed -i "s/prefix_scheme = 'posix_local'/prefix_scheme = 'posix_prefix'/" $file; \
    done; \
    python3 /wheels.py /out/share/standin/wheels; \
    cp /usr/share/python-wheels/pip-*.whl /usr/share/python-wheels/setuptools-*.whl /usr/share/python-wheels/wheel-*.whl /out/share/standin/wheels/

FROM debian:${SUITE}-slim AS slim
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates libbz2-1.0 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libssl3 libuuid1 netbase tzdata zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=made /out/ /usr/local/
# Where Debian's ensurepip, and with it "python -m venv", takes pip from.
COPY --from=made /usr/share/python-wheels/ /usr/share/python-wheels/
COPY pip.conf /etc/pip.conf
RUN set -eu; \
    whl=$(echo /usr/local/share/standin/wheels/pip-*.whl); \
    python3 "$whl/pip" install --no-cache-dir --root-user-action=ignore "$whl"; \
    for headers in /usr/local/include/python3.*; do ln -s "$headers" /usr/include/; done; \
    python3 -c 'import ssl, sqlite3, ctypes, lzma, bz2'; \
    pip --version
CMD ["python3"]

FROM buildpack-deps:${SUITE} AS full
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
RUN apt-get update && apt-get install -y --no-install-recommends \
    libbz2-1.0 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libssl3 libuuid1 netbase tzdata zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=slim /usr/local/ /usr/local/
COPY --from=slim /usr/share/python-wheels/ /usr/share/python-wheels/
COPY pip.conf /etc/pip.conf
RUN for headers in /usr/local/include/python3.*; do ln -s "$headers" /usr/include/; done \
 && python3 -c 'import ssl, sqlite3, ctypes, lzma, bz2' && pip --version
CMD ["python3"]
