# Versity's gateway with the interface of versity/versitygw, of the program built of its Go module, which is the
# context.
ARG FRAUDCTL_IMAGE_PYTHON=python:3.11-slim-bookworm
FROM ${FRAUDCTL_IMAGE_PYTHON}
COPY versitygw /app/versitygw
# Of wget, which Busybox brings along there, as much as a health check needs.
RUN printf '#!/bin/sh\nexec python3 -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[-1])" "$@"\n' > /bin/wget \
    && chmod 755 /bin/wget && mkdir /data
ENTRYPOINT ["/app/versitygw"]
