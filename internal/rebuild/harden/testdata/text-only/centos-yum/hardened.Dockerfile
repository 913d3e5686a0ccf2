# TODO(plimsoll): base-end-of-life: centos:7: CentOS 7 has had no fixes since 2024-06-30. Move to a
#   release that is still supported.
FROM centos:7@sha256:fe4de104d715c95bf9b5237b09c2522798cbb4253125e05059cad53fb254fe18
# plimsoll: closes yum-assume-yes: yum asks, and nobody answers
# plimsoll: closes yum-cache: yum's cache stays in the layer
RUN yum update -y && yum install -y epel-release && yum install -y httpd mod_ssl && yum clean all
# TODO(plimsoll): user-missing: no USER was added, since port 80 may take root where the host keeps
#   ports below 1024 for it: end the stage with USER and a number where the program can do without
#   root
COPY httpd.conf /etc/httpd/conf/httpd.conf
EXPOSE 80 443
CMD ["/usr/sbin/httpd", "-D", "FOREGROUND"]
