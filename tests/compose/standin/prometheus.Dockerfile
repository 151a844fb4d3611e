# Prometheus with the interface of prom/prometheus, of the program in Debian's package, which is the context.
ARG FRAUDCTL_IMAGE_PYTHON=python:3.11-slim-bookworm
FROM ${FRAUDCTL_IMAGE_PYTHON}
COPY usr/bin/prometheus usr/bin/promtool /bin/
# Of wget, which Busybox brings along there, as much as a health check needs.
RUN printf '#!/bin/sh\nexec python3 -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[-1])" "$@"\n' > /bin/wget \
    && chmod 755 /bin/wget && mkdir /prometheus && chown 65534:65534 /prometheus
USER 65534:65534
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
