# Shared by demo.sh and dev-cluster.sh: a local cluster with the chart installed and the operator running beside it as the
# chart's ServiceAccount. Sourced; expects `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$root/build/bin
tools=$("$bin/local-cluster" build 2> /dev/null)
state=${STATE:-$(mktemp -d /tmp/disagg.XXXXXX)}
export PATH=$tools:$bin:$PATH
export KUBECONFIG=$state/kubeconfig
operator_pid=

# seconds since the last call, with one decimal
lap_start=$(date +%s%N)
lap() {
  local now
  now=$(date +%s%N)
  awk -v ns=$((now - lap_start)) 'BEGIN { printf "%.1f s", ns / 1e9 }'
  lap_start=$now
}

die() {
  echo "demo: $*" >&2
  [[ -f $state/operator.log ]] && tail -n 20 "$state/operator.log" >&2
  exit 1
}

start_cluster() {
  local-cluster up --dir "$state" --kwok-nodes 4 --shape b200 --extra-nodes h200=2,gpu-unlabelled=1,cpu=1 \
    2> "$state/up.log" > /dev/null || { cat "$state/up.log" >&2; die "the local cluster did not start"; }
}

install_chart() {
  helm install disagg-operator "$root/charts/disagg-operator" --namespace disagg-system --create-namespace \
    --set deployment.enabled=false --wait > "$state/helm.log" 2>&1 || { cat "$state/helm.log" >&2; die "helm install failed"; }
  kubectl wait --for=condition=Established --timeout=30s crd/disaggdeployments.disagg.dev crd/servingmodels.disagg.dev \
    crd/acceleratorclasses.disagg.dev > /dev/null
}

# The operator gets what its pod would get: the ServiceAccount's token and the cluster's CA, nothing else.
start_operator() {
  local token server
  token=$(kubectl -n disagg-system create token disagg-operator --duration=24h)
  server=$(kubectl config view --raw -o jsonpath='{.clusters[0].cluster.server}')
  kubectl config view --raw --flatten -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > "$state/ca.crt"
  (
    umask 077
    cat > "$state/operator.kubeconfig" << EOF
apiVersion: v1
kind: Config
clusters: [{name: local, cluster: {server: "$server", certificate-authority: "$state/ca.crt"}}]
users: [{name: operator, user: {token: "$token"}}]
contexts: [{name: local, context: {cluster: local, user: operator, namespace: disagg-system}}]
current-context: local
EOF
  )
  disagg-operator --kubeconfig "$state/operator.kubeconfig" --leader-elect=true --leader-elect-namespace disagg-system \
    --metrics-bind-address 127.0.0.1:18080 --health-probe-bind-address 127.0.0.1:18081 > "$state/operator.log" 2>&1 &
  operator_pid=$!
}

stop_all() {
  if [[ -n $operator_pid ]]; then
    kill "$operator_pid" 2> /dev/null && wait "$operator_pid" 2> /dev/null
  fi
  local-cluster down --dir "$state" > /dev/null 2>&1
  rm -rf "$state"
}
