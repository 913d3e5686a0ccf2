FROM debian:bookworm-slim@sha256:12f2bc40491f9f7b029e375c38f2ecef73006e86ca71ea9321b3cf777df92ba8
# plimsoll: closes apt-no-recommends: no packages that are merely recommended
# plimsoll: closes apt-lists: apt's lists of packages stay in the layer
# TODO(plimsoll): ssh-server: openssh-server is installed. Leave it out: docker exec or kubectl exec
#   opens a shell. A client alone is openssh-client.
RUN apt-get update && apt-get install --no-install-recommends -y openssh-server && mkdir -p /run/sshd && rm -rf /var/lib/apt/lists/*
# plimsoll: closes secret-value: the step reads it from docker build --secret
#   id=build_secret_1,env=BUILD_SECRET_1
# TODO(plimsoll): rotate-secret: make a new BUILD_SECRET_1 and withdraw the old: it is in this
#   file's history; and see that this step does not write it to a file that stays
RUN --mount=type=secret,id=build_secret_1 BUILD_SECRET_1=$(cat /run/secrets/build_secret_1) && export BUILD_SECRET_1 && echo 'root:'"${BUILD_SECRET_1}"'' | chpasswd
# TODO(plimsoll): user-missing: no USER was added, since port 22 may take root where the host keeps
#   ports below 1024 for it: end the stage with USER and a number where the program can do without
#   root
RUN sed -i 's/#PermitRootLogin prohibit-password/PermitRootLogin yes/' /etc/ssh/sshd_config
# TODO(plimsoll): expose-ssh: port 22 is SSH's. Leave the SSH server out; docker exec or kubectl
#   exec opens a shell for those who may.
EXPOSE 22

# plimsoll: closes healthcheck-missing: whether port 22 answers
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/22"]
CMD ["/usr/sbin/sshd", "-D"]
