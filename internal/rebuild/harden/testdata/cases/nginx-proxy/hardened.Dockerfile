FROM nginx:1.22@sha256:95ea1566b5d0982e09b7d25fb52337306b08d59d1c3526effe604e11f2ed0db0
LABEL maintainer="ops@example.com"
RUN rm -f /etc/nginx/conf.d/default.conf
COPY default.conf /etc/nginx/conf.d/default.conf
# TODO(plimsoll): user-missing: no USER was added, since nginx starts as root and hands over by
#   itself; nginxinc/nginx-unprivileged is the same without root, at port 8080: end the stage with
#   USER and a number where the program can do without root
RUN apt-get update && apt-get install --no-install-recommends -y curl && rm -rf /var/lib/apt/lists/*
HEALTHCHECK CMD curl -f http://localhost/ || exit 1
EXPOSE 80 443
CMD ["nginx", "-g", "daemon off;"]
