FROM registry.access.redhat.com/ubi9/ubi-minimal:latest@sha256:6e5af8faf42fd6608a8e0a56dc156f874551d905ffb7f47379bce7e3b3c89af0
# plimsoll: closes dnf-cache: dnf's cache stays in the layer
# plimsoll: closes pip-cache: pip's cache stays in the layer
RUN microdnf install -y python3 && pip3 install --no-cache-dir requests && microdnf clean all
USER 1001
CMD ["python3", "-V"]
