#!/bin/sh
set -e
chown store:store /data
exec setpriv --reuid=store --regid=store --clear-groups "$@"
