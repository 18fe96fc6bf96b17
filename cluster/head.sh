#!/bin/sh
# The head of a cluster: Ray, and on it the platform, until either of the two ends.
#   RAY_HEAD_OPTIONS     more options for `ray start`, such as --num-cpus=0
#   NNTRACKER_OPTIONS    more options for `nntracker start`, such as --no-web
set -eu

if [ "${RAY_AUTH_MODE:-}" != token ]; then
    echo "RAY_AUTH_MODE is '${RAY_AUTH_MODE:-}'; set it to token: Ray's ports run code for whoever asks" >&2
    exit 1
fi

if [ -n "${KUBERAY_GEN_RAY_START_CMD:-}" ]; then
    sh -c "$KUBERAY_GEN_RAY_START_CMD" &  # it ends in --block
else
    # shellcheck disable=SC2086  # options are several words
    ray start --head --port=6379 --dashboard-host=127.0.0.1 --disable-usage-stats --block ${RAY_HEAD_OPTIONS:-} &
fi
ray=$!

until ray health-check --address "127.0.0.1:6379" >/dev/null 2>&1; do
    kill -0 "$ray" || exit 1
    sleep 1
done

export RAY_ADDRESS=127.0.0.1:6379
# shellcheck disable=SC2086
nntracker start --no-browser --no-example --no-link ${NNTRACKER_OPTIONS:-} &
platform=$!
trap 'kill -TERM "$platform" 2>/dev/null; wait "$platform"; kill -TERM "$ray" 2>/dev/null; wait "$ray"; exit 0' TERM INT

# Whichever ends takes the other with it; whoever runs this container starts both again, and every run goes on.
while kill -0 "$platform" 2>/dev/null && kill -0 "$ray" 2>/dev/null; do
    sleep 2 &
    wait $!
done
kill -TERM "$platform" "$ray" 2>/dev/null || true
wait
exit 1
