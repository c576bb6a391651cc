#!/usr/bin/env bash
# The main job on a real control plane with simulated B200 nodes: apply, a wrong alias, a pod that dies, a change, a delete.
# Ends by itself with everything stopped; KEEP=1 leaves the cluster and the operator running.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

finish() {
  local code=$?
  trap - EXIT
  if [[ ${KEEP:-} == 1 && $code == 0 ]]; then
    echo "The cluster is still there:  export KUBECONFIG=$KUBECONFIG"
    echo "End it with:                 kill $operator_pid; $bin/local-cluster down --dir $state"
    exit 0
  fi
  set +e
  stop_all
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

step() { printf '[%s/7] %-15s %s\n' "$1" "$2" "$3"; }
indent() { sed 's/^/      /'; }
ddep() { kubectl -n serving get ddep minimax-m3 "$@"; }
pods() { kubectl -n serving get pods -l disagg.dev/deployment=minimax-m3 "$@"; }
workers() { pods -l disagg.dev/deployment=minimax-m3,disagg.dev/role!=router "$@"; }

wait_ready() { kubectl -n serving wait ddep/minimax-m3 --for=condition=Ready --timeout=60s > /dev/null || die "not Ready"; }

# wait_until SECONDS COMMAND...: until the command succeeds
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < end)) || die "gave up waiting for: $*"
    sleep 0.1
  done
}

show_workers() {
  workers --sort-by=.metadata.name --no-headers -o custom-columns='POD:.metadata.name,NODE:.spec.nodeName,GPUS:.spec.containers[0].resources.limits.nvidia\.com/gpu,PHASE:.status.phase' |
    awk '{ printf "      %-40s %-8s %s GPUs   %s\n", $1, $2, $3, $4 }'
}

lap > /dev/null
start_cluster
step 1 'local cluster' "etcd, kube-apiserver $(kubectl version -o json 2> /dev/null | awk -F'"' '/gitVersion/ {v=$4} END {print v}'), scheduler, KWOK; 4 nodes b200-0..3 (8 GPUs, 8 rdma/ib), 2 h200, 1 unlabelled, 1 cpu   $(lap)"

install_chart
start_operator
step 2 operator "chart applied, operator running as serviceaccount disagg-system/disagg-operator   $(lap)"

kubectl apply -f "$root/examples/minimax-m3-b200/" > /dev/null
wait_ready
step 3 apply "kubectl apply -f examples/minimax-m3-b200/   $(lap)"
wait_until 10 sh -c "kubectl -n serving get ddep minimax-m3 -o jsonpath='{.status.summary.gpus}' | grep -qx 12"
ddep | indent
show_workers

generation=$(ddep -o jsonpath='{.metadata.generation}')
before=$(workers -o jsonpath='{.items[*].metadata.uid}')
kubectl -n serving patch ddep minimax-m3 --type merge -p '{"spec":{"model":{"ref":"minimax-m3-nvfp4-typo"}}}' > /dev/null
kubectl -n serving wait ddep/minimax-m3 --for=condition=Stalled --timeout=30s > /dev/null || die "the typo was not refused"
lap > /dev/null
step 4 'wrong alias' 'model.ref: minimax-m3-nvfp4-typo'
ddep -o jsonpath='{.status.conditions[?(@.type=="Stalled")].message}' | sed 's/^/      Stalled: /'
echo
[[ $before == "$(workers -o jsonpath='{.items[*].metadata.uid}')" ]] || die "a running pod was touched"
kubectl -n serving patch ddep minimax-m3 --type merge -p '{"spec":{"model":{"ref":"nvidia/MiniMax-M3-NVFP4"}}}' > /dev/null
wait_until 20 sh -c "! kubectl -n serving get ddep minimax-m3 -o jsonpath='{.status.conditions[*].type}' | grep -q Stalled"

victim=$(workers -l disagg.dev/role=decode -o jsonpath='{.items[0].metadata.name}')
lap > /dev/null
kubectl -n serving delete pod "$victim" --wait=false > /dev/null
wait_until 30 sh -c "kubectl -n serving get pods -l disagg.dev/role=decode -o jsonpath='{.items[*].metadata.name}' | tr ' ' '\n' | grep -v -x '$victim' | grep -q ."
heir=$(workers -l disagg.dev/role=decode -o jsonpath='{.items[*].metadata.name}' | tr ' ' '\n' | grep -vx "$victim" | head -1)
kubectl -n serving wait pod "$heir" --for=condition=Ready --timeout=60s > /dev/null
step 5 'a pod dies' "$victim deleted; $heir Ready after $(lap)"
wait_ready

before=$(workers -l disagg.dev/role=prefill -o jsonpath='{.items[*].metadata.uid}')
kubectl -n serving patch ddep minimax-m3 --type merge -p '{"spec":{"decode":{"args":{"max-num-seqs":256}}}}' > /dev/null
generation=$(ddep -o jsonpath='{.metadata.generation}')
wait_until 60 sh -c "kubectl -n serving get ddep minimax-m3 -o jsonpath='{.status.observedGeneration} {.status.targetRevision}={.status.currentRevision}' | awk -v g=$generation '{split(\$2,r,\"=\"); exit !(\$1==g && r[1]==r[2])}'"
[[ $before == "$(workers -l disagg.dev/role=prefill -o jsonpath='{.items[*].metadata.uid}')" ]] || die "a prefill pod was touched"
step 6 'a change' "decode.args.max-num-seqs 512 -> 256: 1 decode pod replaced, 0 prefill pods touched   $(lap)"

kubectl -n serving delete ddep minimax-m3 > /dev/null
left() { kubectl -n serving get pods,services,deployments,controllerrevisions,serviceaccounts,rolebindings,poddisruptionbudgets -l app.kubernetes.io/managed-by=disagg-operator -o name | wc -l; }
gone() { (($(left) == 0)); }
wait_until 60 gone
step 7 delete "$(left) objects left after $(lap)"
echo "Everything above ran against a real API server.$([[ ${KEEP:-} == 1 ]] || echo ' Keep it next time: KEEP=1 make demo')"
