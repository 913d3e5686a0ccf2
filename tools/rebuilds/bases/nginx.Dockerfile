# nginx as the official images configure it, and the variant without root.
FROM debian:bookworm-slim AS root
RUN groupadd --system --gid 101 nginx && useradd --system --gid nginx --no-create-home --home /nonexistent --shell /bin/false --uid 101 nginx \
 && apt-get update && apt-get install -y --no-install-recommends ca-certificates curl nginx-light && rm -rf /var/lib/apt/lists/* \
 && rm -rf /etc/nginx/sites-* /etc/nginx/modules-enabled /etc/nginx/conf.d/* /usr/share/nginx/html/* \
 && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
RUN printf 'user nginx;\nworker_processes auto;\nerror_log /var/log/nginx/error.log notice;\npid /run/nginx.pid;\nevents { worker_connections 1024; }\nhttp {\n    include /etc/nginx/mime.types;\n    default_type application/octet-stream;\n    sendfile on;\n    include /etc/nginx/conf.d/*.conf;\n}\n' > /etc/nginx/nginx.conf \
 && printf 'server {\n    listen 80;\n    server_name localhost;\n    location / {\n        root /usr/share/nginx/html;\n        index index.html;\n    }\n}\n' > /etc/nginx/conf.d/default.conf \
 && echo '<!doctype html><p>Welcome' > /usr/share/nginx/html/index.html && nginx -t
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]

FROM root AS unprivileged
RUN sed -i 's/listen 80;/listen 8080;/' /etc/nginx/conf.d/default.conf \
 && sed -i '/^user /d; s,/run/nginx.pid,/tmp/nginx.pid,; s,^http {,http {\n    client_body_temp_path /tmp/client_temp;\n    proxy_temp_path /tmp/proxy_temp;\n    fastcgi_temp_path /tmp/fastcgi_temp;\n    uwsgi_temp_path /tmp/uwsgi_temp;\n    scgi_temp_path /tmp/scgi_temp;,' /etc/nginx/nginx.conf \
 && chown -R 101:0 /etc/nginx && chmod -R g+w /etc/nginx
EXPOSE 8080
USER 101
