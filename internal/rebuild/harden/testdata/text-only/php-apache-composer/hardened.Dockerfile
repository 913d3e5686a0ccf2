# TODO(plimsoll): stages: this was not split into a build stage and a final one, since line 7 does
#   more than install packages
FROM php:8.2-apache@sha256:360816b438c597bf4fcff9fb7e64d5ded7db72f8a96682fc286bfadf3f954ef5
# plimsoll: closes apt-no-recommends: no packages that are merely recommended
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
RUN apt-get update && apt-get install --no-install-recommends -y libzip-dev libpng-dev unzip \
    && docker-php-ext-install pdo_mysql zip gd \
    && rm -rf /var/lib/apt/lists/*
COPY --from=composer:2@sha256:2e33cac680eb05343ba96673f7e91ee1ad2f92432ded2891d6827eef18e2e6b2 /usr/bin/composer /usr/bin/composer
WORKDIR /var/www/html
COPY . .
# TODO(plimsoll): user-missing: no USER was added, since its server starts as root and hands over to
#   www-data by itself: end the stage with USER and a number where the program can do without root
# TODO(plimsoll): world-writable: chmod 777 lets everybody write to storage. Give the file to the
#   user who needs it (COPY --chown, chown) and keep the mode at 755 or 644; for an arbitrary UID of
#   group 0, chmod g=u.
RUN composer install --no-dev --optimize-autoloader && chown -R www-data:www-data storage && chmod -R 777 storage
# plimsoll: closes secret-value: APP_KEY out of the image; give it when the container is started
# TODO(plimsoll): rotate-secret: make a new APP_KEY and withdraw the old: it is in this file's
#   history, and in every image that was built from it
EXPOSE 80
