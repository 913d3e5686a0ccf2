FROM busybox:1.36@sha256:ab512471e34f10e894cfa69eec441e1412a1c418f681cdb04b15c219c8b1dd67
ADD site.tar.gz /www/

# plimsoll: closes user-missing: without root's rights
USER 10001:10001
EXPOSE 8080
CMD ["busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]
