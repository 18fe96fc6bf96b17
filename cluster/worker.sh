#!/bin/sh
# A worker node: Ray alone; the head sends it its work.
#   RAY_HEAD             address of the head, host:port
#   RAY_WORKER_OPTIONS   more options for `ray start`
set -eu

if [ "${RAY_AUTH_MODE:-}" != token ]; then
    echo "RAY_AUTH_MODE is '${RAY_AUTH_MODE:-}'; set it to token: Ray's ports run code for whoever asks" >&2
    exit 1
fi

# shellcheck disable=SC2086  # options are several words
exec ray start --address="${RAY_HEAD:?host:port of the head}" --disable-usage-stats --block ${RAY_WORKER_OPTIONS:-}
