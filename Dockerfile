# mmccam for CPUs, with the versions that the tests are run with.
#   docker build -t mmccam .
#   docker run --rm -it -v "$PWD/data:/mmccam/data" -v "$PWD/work_dirs:/mmccam/work_dirs" mmccam
# Pip's torch for Linux brings some gigabytes of CUDA libraries. A package index with its
# CPU build avoids them: docker build --build-arg PIP_EXTRA_INDEX_URL=... -t mmccam .
FROM python:3.11-slim

# Libraries that OpenCV is linked to.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

ARG PIP_EXTRA_INDEX_URL
WORKDIR /mmccam
COPY . .
RUN pip install --no-cache-dir -c constraints.txt -e '.[lite]'

CMD ["bash"]
