FROM php:8.2-cli@sha256:d27972e6d64d8c493d03fce33b3fccfc0ae17654df24ba0b5b0f88fa3c2896fb
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
COPY --chown=10001:10001 public /var/www/html/public
WORKDIR /var/www/html

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /var/www/html --shell /usr/sbin/nologin app \
    && chown 10001:10001 /var/www/html
USER 10001:10001
EXPOSE 8080

# plimsoll: closes healthcheck-missing: whether port 8080 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["php", "-r", "exit(@fsockopen('127.0.0.1', 8080, $n, $m, 3) ? 0 : 1);"]
# TODO(plimsoll): dev-server: php -S is a development server. Start a server that is made for it:
#   gunicorn or uvicorn without --reload, node with the built files, php-fpm, nginx for static
#   files.
CMD [ "php", "-S", "0.0.0.0:8080", "-t", "public" ]
