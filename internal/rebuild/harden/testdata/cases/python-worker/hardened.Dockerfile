FROM python:3-slim@sha256:eb26a66dd99677cdde66badbe64ed7b24d84f4cebdaefa6a8f2b38c8860a3793
WORKDIR /worker
COPY --chown=10001:10001 worker.py jobs.json /worker/

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /worker --shell /usr/sbin/nologin app \
    && chown 10001:10001 /worker
USER 10001:10001
CMD ["python3", "-u", "worker.py"]
STOPSIGNAL SIGINT
