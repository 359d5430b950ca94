# One image for the server and the collector: `cmdb serve`, `cmdb collector`.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/cmdb \
 && /opt/cmdb/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY cmdb cmdb
COPY discovery discovery
COPY scanners scanners
COPY impact impact
COPY api api
COPY cli cli
RUN /opt/cmdb/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /build/dist . \
 && /opt/cmdb/bin/pip install --no-cache-dir --no-deps /build/dist/*.whl

FROM python:3.11-slim-bookworm
# the collector's raw sockets: nmap holds the one capability that the container is given
RUN apt-get update \
 && apt-get install -y --no-install-recommends nmap libcap2-bin \
 && setcap cap_net_raw+eip /usr/bin/nmap \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/cmdb --create-home cmdb
COPY --from=build /opt/cmdb /opt/cmdb
ENV PATH=/opt/cmdb/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/tmp/numba \
    XDG_DATA_HOME=/var/lib/cmdb
USER cmdb
WORKDIR /var/lib/cmdb
EXPOSE 8000
ENTRYPOINT ["cmdb"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
