# BusyBox alone.
FROM debian:bookworm-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends busybox-static \
 && mkdir -p /out/bin /out/etc /out/root /out/tmp /out/var/www /out/home && chmod 1777 /out/tmp \
 && cp /bin/busybox /out/bin/ && for name in $(/bin/busybox --list); do [ "$name" = busybox ] || ln -s busybox "/out/bin/$name"; done \
 && echo 'root:x:0:0:root:/root:/bin/sh' > /out/etc/passwd && echo 'nobody:x:65534:65534:nobody:/home:/bin/false' >> /out/etc/passwd \
 && echo 'root:x:0:' > /out/etc/group && echo 'nobody:x:65534:' >> /out/etc/group

FROM scratch
COPY --from=made /out/ /
CMD ["sh"]
