# TODO(plimsoll): base-end-of-life: alpine:3.18: Alpine 3.18 has had no fixes since 2025-05-09. Move
#   to a release that is still supported.
FROM alpine:3.18@sha256:389a1d5981724e573a24f2791df81b3bf05c91e5f722e20a59dd4c29a49da6b0
RUN apk update && apk add curl bash
RUN apk add --no-cache --virtual .build-deps gcc musl-dev && apk del .build-deps
# TODO(plimsoll): user-missing: no USER was added, since what /run.sh does could not be seen: end
#   the stage with USER and a number where the program can do without root
COPY run.sh /run.sh
CMD ["/run.sh"]
