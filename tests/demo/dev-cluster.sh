#!/usr/bin/env bash
# A local cluster with the chart and the operator, until Ctrl-C.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
trap 'set +e; trap - EXIT; stop_all' EXIT
trap 'exit 130' INT TERM

start_cluster
install_chart
start_operator
echo "export KUBECONFIG=$KUBECONFIG PATH=$tools:$bin:\$PATH"
echo "kubectl apply -f examples/minimax-m3-b200/"
tail -f "$scratch/operator.log"
