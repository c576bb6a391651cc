#!/usr/bin/env bash
# The main job on a real control plane with simulated B200 nodes: apply, a wrong alias, a pod that dies, a change, a delete.
# Ends by itself with everything stopped; KEEP=1 leaves the cluster and the operator running.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

finish() {
  local code=$?
  trap - EXIT
  if [[ ${KEEP:-} == 1 && $code == 0 ]]; then
    say_kept "kill $operator_pid; "
    exit 0
  fi
  set +e
  stop_all
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

step() { printf '[%s/7] %-15s %s\n' "$1" "$2" "$3"; }
ddep() { kubectl -n serving get ddep minimax-m3 "$@"; }
workers() { kubectl -n serving get pods -l 'disagg.dev/deployment=minimax-m3,disagg.dev/role!=router' "$@"; }

wait_ready() { kubectl -n serving wait ddep/minimax-m3 --for=condition=Ready --timeout=60s > /dev/null || die "not Ready"; }

show_workers() {
  workers --sort-by=.metadata.name --no-headers -o custom-columns='POD:.metadata.name,NODE:.spec.nodeName,GPUS:.spec.containers[0].resources.limits.nvidia\.com/gpu,PHASE:.status.phase' |
    awk '{ printf "      %-40s %-8s %s GPUs   %s\n", $1, $2, $3, $4 }'
}

lap
start_cluster
lap
step 1 'local cluster' "etcd, kube-apiserver $(kubectl version -o json 2> /dev/null | awk -F'"' '/gitVersion/ {v=$4} END {print v}'), scheduler, KWOK; 4 nodes b200-0..3 (8 GPUs, 8 rdma/ib), 2 h200, 1 unlabelled, 1 cpu   $took"

install_chart --set deployment.enabled=false
start_operator
lap
step 2 operator "chart applied, operator running as serviceaccount disagg-system/disagg-operator   $took"

kubectl apply -f "$root/examples/minimax-m3-b200/" > /dev/null
wait_ready
lap
step 3 apply "kubectl apply -f examples/minimax-m3-b200/; Ready after $took"
wait_until 10 sh -c "kubectl -n serving get ddep minimax-m3 -o jsonpath='{.status.summary.gpus}' | grep -qx 12"
ddep | indent
show_workers

generation=$(ddep -o jsonpath='{.metadata.generation}')
before=$(workers -o jsonpath='{.items[*].metadata.uid}')
kubectl -n serving patch ddep minimax-m3 --type merge -p '{"spec":{"model":{"ref":"minimax-m3-nvfp4-typo"}}}' > /dev/null
kubectl -n serving wait ddep/minimax-m3 --for=condition=Stalled --timeout=30s > /dev/null || die "the typo was not refused"
lap
step 4 'wrong alias' 'model.ref: minimax-m3-nvfp4-typo'
ddep -o jsonpath='{.status.conditions[?(@.type=="Stalled")].message}' | sed 's/^/      Stalled: /'
echo
[[ $before == "$(workers -o jsonpath='{.items[*].metadata.uid}')" ]] || die "a running pod was touched"
kubectl -n serving patch ddep minimax-m3 --type merge -p '{"spec":{"model":{"ref":"nvidia/MiniMax-M3-NVFP4"}}}' > /dev/null
wait_until 20 sh -c "! kubectl -n serving get ddep minimax-m3 -o jsonpath='{.status.conditions[*].type}' | grep -q Stalled"

decode() { kubectl -n serving get pods -l disagg.dev/deployment=minimax-m3,disagg.dev/role=decode "$@"; }
ready_heir() {
  decode -o jsonpath='{range .items[*]}{.metadata.uid} {.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' |
    awk -v old="$victim_uid" '$1 != old && $3 == "True" { print $2; found = 1 } END { exit !found }'
}
victim=$(decode -o jsonpath='{.items[0].metadata.name}')
victim_uid=$(decode -o jsonpath='{.items[0].metadata.uid}')
lap
kubectl -n serving delete pod "$victim" --wait=false > /dev/null
wait_until 30 ready_heir
lap
step 5 'a pod dies' "$victim deleted; $(ready_heir) Ready after $took"
wait_until 20 sh -c "kubectl -n serving get ddep minimax-m3 -o jsonpath='{.status.summary.decode}' | grep -qx 1/1"

prefill() { kubectl -n serving get pods -l disagg.dev/deployment=minimax-m3,disagg.dev/role=prefill "$@"; }
before=$(prefill -o jsonpath='{.items[*].metadata.uid}')
kubectl -n serving patch ddep minimax-m3 --type merge -p '{"spec":{"decode":{"args":{"max-num-seqs":256}}}}' > /dev/null
generation=$(ddep -o jsonpath='{.metadata.generation}')
wait_until 60 sh -c "kubectl -n serving get ddep minimax-m3 -o jsonpath='{.status.observedGeneration} {.status.targetRevision}={.status.currentRevision}' | awk -v g=$generation '{split(\$2,r,\"=\"); exit !(\$1==g && r[1]==r[2])}'"
[[ $before == "$(prefill -o jsonpath='{.items[*].metadata.uid}')" ]] || die "a prefill pod was touched"
lap
step 6 'a change' "decode.args.max-num-seqs 512 -> 256: 1 decode pod replaced, 0 prefill pods touched   $took"

lap
kubectl -n serving delete ddep minimax-m3 > /dev/null
left() { kubectl -n serving get pods,services,controllerrevisions,serviceaccounts,rolebindings,poddisruptionbudgets -l app.kubernetes.io/managed-by=disagg-operator -o name | wc -l; }
gone() { (($(left) == 0)); }
wait_until 60 gone
lap
step 7 delete "$(left) objects left after $took"
echo "Everything above ran against a real API server.$([[ ${KEEP:-} == 1 ]] || echo ' Keep it next time: KEEP=1 make demo')"
