#!/usr/bin/env bash
# A local cluster with the chart and the operator, until Ctrl-C. METRICS and HEALTH: where the operator serves them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
trap 'set +e; trap - EXIT; stop_all' EXIT
trap 'exit 130' INT TERM

start_cluster
install_chart --set deployment.enabled=false
start_operator --metrics-bind-address "${METRICS:-127.0.0.1:18080}" --health-probe-bind-address "${HEALTH:-127.0.0.1:18081}"
echo "export KUBECONFIG=$KUBECONFIG PATH=$tools:$bin:\$PATH"
echo "kubectl apply -f examples/minimax-m3-b200/"
tail -f "$scratch/operator.log"
