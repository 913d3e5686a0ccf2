"""Packs the Python packages that Debian installed into wheels, one for each.

Usage: wheels.py DIR

Stands for an index where none can be reached. A wheel is a zip of the files and of
what describes them (https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
"""

import base64
import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import zipfile

SITE = "/usr/lib/python3/dist-packages"


def owned(path):
    """The files of the Debian package that installed path."""
    said = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True, check=True).stdout
    package = said.split(": ")[0].split(",")[0]
    listed = subprocess.run(["dpkg-query", "-L", package], capture_output=True, text=True, check=True).stdout
    return [f for f in listed.splitlines() if f.startswith(SITE + "/") and os.path.isfile(f)]


def metadata(dist):
    """METADATA, with what an egg-info keeps in a file of its own."""
    text = dist.read_text("METADATA")
    if text is not None:
        return text
    head, _, body = dist.read_text("PKG-INFO").partition("\n\n")
    lines = [line for line in head.splitlines() if not line.startswith("Requires-Dist:")]
    lines += [f"Requires-Dist: {r}" for r in dist.requires or []]
    return "\n".join(lines) + "\n\n" + body


def pack(dist, out):
    info = str(dist._path)  # no public name for it
    name = re.sub(r"[-_.]+", "_", dist.metadata["Name"]).lower()
    version = dist.version
    files = [f for f in owned(info) if "__pycache__" not in f and not re.search(r"\.(egg|dist)-info(/|$)", f)]
    native = any(f.endswith(".so") for f in files)
    major, minor = sys.version_info[:2]
    tag = f"cp{major}{minor}-cp{major}{minor}-{re.sub('[-.]', '_', sysconfig.get_platform())}" if native else "py3-none-any"
    described = f"{name}-{version}.dist-info/"
    members = [(os.path.relpath(f, SITE), open(f, "rb").read()) for f in files]
    members.append((described + "METADATA", metadata(dist).encode()))
    pure = "false" if native else "true"
    members.append((described + "WHEEL", f"Wheel-Version: 1.0\nGenerator: wheels\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()))
    points = dist.read_text("entry_points.txt")
    if points:
        members.append((described + "entry_points.txt", points.encode()))
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in members
    )
    members.append((described + "RECORD", (record + described + "RECORD,,\n").encode()))
    with zipfile.ZipFile(os.path.join(out, f"{name}-{version}-{tag}.whl"), "w", zipfile.ZIP_DEFLATED) as z:
        for path, data in members:
            z.writestr(path, data)


for found in importlib.metadata.distributions(path=[SITE]):
    # What Debian changed in a version is no business of an index (PEP 440, local versions).
    pack(found, sys.argv[1])
