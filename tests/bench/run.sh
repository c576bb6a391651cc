#!/usr/bin/env bash
# The figures of docs/performance.md; N and RESTART set the sizes, FULL=1 adds a restart over 1,667 deployments.
set -euo pipefail
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/bin
"$bin/disagg-bench" create "${N:-100}"
"$bin/disagg-bench" restart "${RESTART:-167}"
[[ -z ${FULL:-} ]] || "$bin/disagg-bench" restart 1667
