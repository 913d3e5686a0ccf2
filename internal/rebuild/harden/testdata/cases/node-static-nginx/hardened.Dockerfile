FROM node:20@sha256:194b23bd4ffb132c9a190cac099e31e17ef534cbdad6eeabbc022ed3146220ad AS builder
WORKDIR /site
COPY package.json package-lock.json ./
RUN npm ci
COPY src ./src
COPY build.js .
RUN npm run build

FROM nginx:latest@sha256:5be1ecc7935f1dd85635d4feedaf660594030253cc97c9e9ca3819ffeac36b65
# TODO(plimsoll): user-missing: no USER was added, since nginx starts as root and hands over by
#   itself; nginxinc/nginx-unprivileged is the same without root, at port 8080: end the stage with
#   USER and a number where the program can do without root
COPY --from=builder /site/dist /usr/share/nginx/html
EXPOSE 80
