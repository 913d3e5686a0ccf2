FROM nginx:latest@sha256:28327d2d1d8875964c0e44e38f1f7e86c329f8be9e1bb5857c7f9a0ea4f6707b
# plimsoll: closes copy-whole-context: by name, as the build context was when this was written
# TODO(plimsoll): user-missing: no USER was added, since nginx starts as root and hands over by
#   itself; nginxinc/nginx-unprivileged is the same without root, at port 8080: end the stage with
#   USER and a number where the program can do without root
COPY index.html style.css /usr/share/nginx/html/
