FROM continuumio/miniconda3:latest@sha256:9957cf93895a3316ab3353dd920dbdea290167830f08fb44ef6ba23295a2c5b6
COPY environment.yml .
# plimsoll: closes conda-cache: conda's packages stay in the layer a second time
RUN conda env create -f environment.yml && conda clean --all --yes
SHELL ["conda", "run", "-n", "myenv", "/bin/bash", "-c"]
# TODO(plimsoll): user-missing: no USER was added, since what continuumio/miniconda3 needs is not
#   known here: end the stage with USER and a number where the program can do without root
COPY run.py .
ENTRYPOINT ["conda", "run", "--no-capture-output", "-n", "myenv", "python", "run.py"]
