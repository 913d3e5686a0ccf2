FROM debian:bookworm@sha256:54a065b903a02b35a253c4a32a811fc5408e2d1c7ce8dfdc6b9c84549925d2fa
# plimsoll: closes apt-no-recommends: no packages that are merely recommended
RUN apt-get update && apt-get install --no-install-recommends -y sudo passwd && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 -m -s /bin/bash dev && echo "dev ALL=(ALL) NOPASSWD:ALL" > /etc/sudoers.d/dev
# plimsoll: closes user-not-numeric: this is dev
USER 10001
RUN sudo mkdir /data && sudo chown dev /data
WORKDIR /home/dev
COPY --chown=dev:dev profile .profile
CMD ["/bin/bash", "-l"]
