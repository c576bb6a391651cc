#!/usr/bin/env bash
# The operator's pods for real: a kubelet runs them, NVIDIA Dynamo's own frontend and mocker find each other, and a chat completion
# passes a prefill and a decode worker. Then requests are counted through one disturbance after the other. Needs root.
# Ends by itself with everything stopped; KEEP=1 leaves the cluster running.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

finish() {
  local code=$?
  trap - EXIT
  if [[ ${KEEP:-} == 1 && $code == 0 ]]; then
    say_kept
    exit 0
  fi
  set +e
  ((code == 0)) || explain
  kill $(jobs -p) 2> /dev/null
  stop_all
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

explain() {
  {
    ddep -o wide
    ddep -o jsonpath='{range .status.problems[*]}{.reason}: {.message}{"\n"}{end}'
    kubectl get pods -A -o wide
    kubectl -n live-mocker get events --sort-by=.lastTimestamp | tail -n 15
    kubectl -n disagg-system logs deploy/disagg-operator --tail 20
  } >&2
}

step() { printf '[%s/6] %-15s %s\n' "$1" "$2" "$3"; }
ddep() { kubectl -n live-mocker get ddep live "$@"; }
pods_of() { kubectl -n live-mocker get pods -l "disagg.dev/deployment=live,disagg.dev/role=$1" "${@:2}"; }
first_of() { pods_of "$1" -o jsonpath='{.items[0].metadata.name}'; }

# The service, as its Service's address is reached from the machine.
service() { kubectl -n live-mocker get service live -o jsonpath='http://{.spec.clusterIP}:8000'; }

# Ready, what was asked for is what runs, and nobody is on the way out.
settled() {
  ddep -o json | python3 -c '
import json, sys
o = json.load(sys.stdin); s = o["status"]
ready = any(c["type"] == "Ready" and c["status"] == "True" for c in s["conditions"])
busy = any(c["type"] == "Reconciling" and c["status"] == "True" for c in s["conditions"])
sys.exit(not (ready and not busy and s["observedGeneration"] == o["metadata"]["generation"]))' || return 1
  ! kubectl -n live-mocker get pods -o jsonpath='{range .items[*]}{.metadata.deletionTimestamp}{"\n"}{end}' | grep -q .
}

patch() { kubectl -n live-mocker patch ddep live --type merge -p "{\"spec\": $1}" > /dev/null; }

# through WHAT COMMAND...: a steady stream of requests from before the command until all is settled again; prints a row
through() {
  local what=$1 answer=$scratch/load.json
  shift
  python3 "$root/tests/live/load.py" "$(service)" --model tiny --rate 8 --tokens 40 --seconds 300 > "$answer" &
  local load=$!
  sleep 3
  lap
  "$@"
  sleep 2
  wait_until 200 settled
  lap
  local seconds=$took
  sleep 3
  kill -TERM "$load"
  wait "$load"
  row "$what" "$seconds" "$answer" || lost=1
}

# row WHAT SECONDS FILE: what load.py has counted; false where something was lost
row() {
  python3 - "$@" << 'PYTHON'
import json, sys
what, seconds, path = sys.argv[1:]
answer = json.load(open(path))
print(f"      {what:46} {answer['sent']:5} {answer['lost']:5} {answer['longest_pause']:8.2f} s   settled after {seconds}")
for kind, seen in answer["why"].items():
    print(f"        {seen['count']} x {kind}: {seen['first'][:150]}")
sys.exit(answer["lost"] > 0)
PYTHON
}

evict() {
  local pod
  pod=$(first_of "$1")
  kubectl create --raw "/api/v1/namespaces/live-mocker/pods/$pod/eviction" -f - > /dev/null << JSON
{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "$pod", "namespace": "live-mocker"}}
JSON
}

delete_pod() { kubectl -n live-mocker delete pod "$(first_of "$1")" --wait=false > /dev/null; }
kill_operator() { kubectl -n disagg-system delete pod -l app.kubernetes.io/name=disagg-operator --force --grace-period 0 > /dev/null 2>&1; }
rest_kubelet() {
  local-cluster ctl --dir "$state" stop kubelet > /dev/null
  sleep 10
  local-cluster ctl --dir "$state" start kubelet > /dev/null
}

lap
chmod 755 "$scratch"  # the model is in there, and pods are not root
python3 "$root/images/tiny_model.py" "$scratch/models/tiny" > /dev/null
local-cluster up --dir "$state" --kwok-nodes 0 --node --node-image "$root/build/images/disagg-operator.tar" \
  --node-image "$root/build/images/dynamo-mocker.tar" 2> "$scratch/up.log" > /dev/null ||
  { cat "$scratch/up.log" >&2; die "the local cluster did not start"; }
lap
step 1 'a real node' "containerd, kubelet, kube-proxy, CoreDNS; images of operator and mocker loaded   $took"

install_chart --timeout 60s
lap
step 2 'helm install' "operator runs in pod $(kubectl -n disagg-system get pods -o jsonpath='{.items[0].metadata.name}')   $took"

# Documents of several files need a line between them.
for file in "$root"/examples/live-mocker/*.yaml; do
  sed "s|path: /var/lib/models/tiny|path: $scratch/models/tiny|" "$file"
  echo ---
done > "$scratch/live.yaml"
kubectl apply -f "$scratch/live.yaml" > /dev/null
kubectl -n live-mocker wait ddep/live --for=condition=Ready --timeout=180s > /dev/null || die "not Ready"
lap
step 3 apply "kubectl apply -f examples/live-mocker/; Ready after $took"
ddep | indent

ask='import json, sys, urllib.request
body = {"model": "tiny", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello"}], "nvext": {"extra_fields": ["worker_id"]}}
request = urllib.request.Request(sys.argv[1] + "/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"})
print(json.dumps(json.load(urllib.request.urlopen(request, timeout=30))))'
python3 -c "$ask" "$(service)" > "$scratch/answer.json" || die "no chat completion through the Service"
inside=$(kubectl -n live-mocker exec "$(first_of decode)" -- python3 -c "$ask" http://live.live-mocker.svc.cluster.local:8000) ||
  die "no chat completion by cluster DNS"
lap
step 4 'a completion' "through the Service from this machine, and by cluster DNS from a pod   $took"
fold -w 130 "$scratch/answer.json" | indent
python3 -c 'import json, sys; a = json.loads(sys.argv[1]); w = a["nvext"]["worker_id"]; assert w["prefill_worker_id"] != w["decode_worker_id"]' "$inside" ||
  die "the completion did not pass a prefill and a decode worker: $inside"

step 5 'disturbances' 'requests during each, 8 a second with 40 tokens; lost: anything but all tokens and a finish reason'
printf '      %-46s %5s %5s %10s\n' '' sent lost 'longest pause'
lost=
through 'nothing' true
through 'prefill 2 -> 3' patch '{"prefill": {"replicas": 3}}'
through 'prefill 3 -> 2' patch '{"prefill": {"replicas": 2}}'
through 'decode 1 -> 2' patch '{"decode": {"replicas": 2}}'
through 'a decode pod deleted by hand' delete_pod decode
through 'a prefill pod evicted' evict prefill
through 'decode.args changed' patch '{"decode": {"args": {"max-num-seqs": 128}}}'
through 'the router pod template changed' patch '{"router": {"podTemplate": {"metadata": {"annotations": {"example.com/rolled": "yes"}}}}}'
through 'the operator killed' kill_operator
through 'kubelet stopped for 10 s' rest_kubelet
through 'decode 2 -> 1' patch '{"decode": {"replicas": 1}}'
[[ -z $lost ]] || die "requests were lost where none need be"

# The router leaves its Service when nobody prefills any more, and comes back with the next one.
condition() { ddep -o jsonpath="{.status.conditions[?(@.type==\"Ready\")].$1}"; }
not_ready() { [[ $(condition status) == False ]]; }
routable() {
  kubectl -n live-mocker get endpointslices -l kubernetes.io/service-name=live -o jsonpath='{.items[*].endpoints[*].conditions.ready}' | grep -q true
}
unroutable() { ! routable; }
patch '{"prefill": {"replicas": 1}}'
sleep 2
wait_until 60 settled
lap
delete_pod prefill
wait_until 20 unroutable
wait_until 20 not_ready
lap
step 6 'no prefill' "the last one deleted: the router has left its Service, Ready=False after $took"
echo "      $(condition reason): $(condition message)" | fold -s -w 130
wait_until 90 settled
routable || die "Ready, but the router is not in its Service"
lap
echo "      Ready again with nobody's help after $took"
[[ ${KEEP:-} == 1 ]] || echo "Keep it next time: KEEP=1 make demo-live"
