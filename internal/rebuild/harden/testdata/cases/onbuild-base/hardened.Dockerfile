FROM python:3.12-slim@sha256:1d0447543fac833cc86eed3edb0988e1c6ea7dfb011f7448f93bf50a6f1486d0
WORKDIR /usr/src/app
ONBUILD COPY requirements.txt ./
ONBUILD RUN pip install --no-cache-dir -r requirements.txt
# TODO(plimsoll): user-missing: no USER was added, since images that are built from it do more
#   (ONBUILD): end the stage with USER and a number where the program can do without root
# TODO(plimsoll): copy-whole-context: all of the build context is copied to ., and no .dockerignore
#   excludes anything. Copy what is needed by name, or write a .dockerignore that excludes
#   everything else.
ONBUILD COPY . .
ENTRYPOINT ["python"]
CMD ["app.py"]
