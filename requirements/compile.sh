#!/bin/sh
# Compiles the pinned requirement files: with hashes, without any index address.
set -eu
cd "$(dirname "$0")/.."
compile() {
    out=$1; shift
    .venv/bin/python -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$@" --output-file "$out" pyproject.toml
}
compile requirements/run.txt --extra nmap --extra build
compile requirements/dev.txt --extra nmap --extra build --extra dev
