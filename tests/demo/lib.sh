# Shared by the demos and dev-cluster.sh: a local cluster with the chart installed, and the operator running beside it as the
# chart's ServiceAccount where it does not run in a pod. Sourced; expects `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$root/build/bin
tools=$("$bin/local-cluster" build cluster kubectl helm)
scratch=$(mktemp -d /tmp/disagg.XXXXXX)
state=$scratch/cluster
export PATH=$tools:$bin:$PATH
export KUBECONFIG=$state/kubeconfig
operator_pid=

# lap: sets `took` to the seconds since the last call, with one decimal
lap_start=$(date +%s%N)
took=
lap() {
  local now
  now=$(date +%s%N)
  took=$(awk -v ns=$((now - lap_start)) 'BEGIN { printf "%.1f s", ns / 1e9 }')
  lap_start=$now
}

die() {
  echo "demo: $*" >&2
  [[ -f $scratch/operator.log ]] && tail -n 20 "$scratch/operator.log" >&2
  exit 1
}

indent() { sed 's/^/      /'; }

# wait_until SECONDS COMMAND...: until the command succeeds
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < end)) || die "gave up waiting for: $*"
    sleep 0.1
  done
}

# say_kept [COMMANDS]: how to use the cluster, and to end it and what the commands end
say_kept() {
  echo "The cluster is still there:  export KUBECONFIG=$KUBECONFIG"
  echo "End it with:                 ${1:-}$bin/local-cluster down --dir $state"
}

start_cluster() {
  local-cluster up --dir "$state" --kwok-nodes 4 --shape b200 --extra-nodes h200=2,gpu-unlabelled=1,cpu=1 \
    2> "$scratch/up.log" > /dev/null || { cat "$scratch/up.log" >&2; die "the local cluster did not start"; }
}

# install_chart [FLAG...]: flags of helm
install_chart() {
  helm install disagg-operator "$root/charts/disagg-operator" --namespace disagg-system --create-namespace \
    --wait "$@" > "$scratch/helm.log" 2>&1 || { cat "$scratch/helm.log" >&2; die "helm install failed"; }
  kubectl wait --for=condition=Established --timeout=30s crd/disaggdeployments.disagg.dev crd/servingmodels.disagg.dev \
    crd/acceleratorclasses.disagg.dev > /dev/null
}

# start_operator [FLAG...]: it gets what its pod would get, the ServiceAccount's token and the cluster's CA, nothing else
start_operator() {
  local-cluster token --kubeconfig "$KUBECONFIG" --service-account disagg-system/disagg-operator \
    --write-kubeconfig "$scratch/operator.kubeconfig" > /dev/null
  disagg-operator --kubeconfig "$scratch/operator.kubeconfig" --leader-elect=true --leader-elect-namespace disagg-system \
    "$@" > "$scratch/operator.log" 2>&1 &
  operator_pid=$!
}

stop_all() {
  if [[ -n $operator_pid ]]; then
    kill "$operator_pid" 2> /dev/null && wait "$operator_pid" 2> /dev/null
  fi
  local-cluster down --dir "$state" > /dev/null 2>&1
  rm -rf "$scratch"
}
