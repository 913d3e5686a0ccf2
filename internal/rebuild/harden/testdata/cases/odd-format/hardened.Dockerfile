#   an old file,   touched by many


from   debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8   as   base
label   version="1.0"   \
        vendor="Example Ltd."

# plimsoll: closes apt-no-recommends: no packages that are merely recommended
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
run apt-get update \
    # which tools, and why
    && apt-get install --no-install-recommends -y \
       # to read settings
       jq \
       \
    && true \
    && rm -rf /var/lib/apt/lists/*

env A=1   B="two words"   C='three $A'
copy    --chown=10001:10001 ["with space.txt",   "/data/with space.txt"]
workdir    /data

# plimsoll: closes user-missing: without root's rights; what the program may write is its own
run useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /data --shell /usr/sbin/nologin app \
    && chown 10001:10001 /data
user 10001:10001
expose   9000-9002   9100/udp
cmd   [  "cat"  ,  "with space.txt"  ]
