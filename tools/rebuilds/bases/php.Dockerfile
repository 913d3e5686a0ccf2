# PHP for the command line, configured where the official images are.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl php8.2-cli xz-utils && rm -rf /var/lib/apt/lists/* \
 && ln -s /usr/bin/php8.2 /usr/local/bin/php \
 && mkdir -p /usr/local/etc/php/conf.d /var/www/html && chown www-data:www-data /var/www/html && php --version
ENV PHP_INI_DIR=/usr/local/etc/php PHP_INI_SCAN_DIR=:/usr/local/etc/php/conf.d
WORKDIR /var/www/html
CMD ["php", "-a"]
