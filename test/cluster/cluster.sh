#!/bin/bash
# A Kubernetes for the tests, on this machine: two nodes, each in Linux namespaces of its own (README.md).
#   cluster.sh up [NODES]        start it (2 nodes), or say that it is up; builds what it needs, once
#   cluster.sh down              stop it; its state stays, and the next up goes on with it
#   cluster.sh reset             stop it and forget its state
#   cluster.sh status            its nodes and pods
#   cluster.sh kubeconfig        the path of its admin's kubeconfig
#   cluster.sh env               a line for eval: KUBECONFIG, and kubectl in the PATH
#   cluster.sh exec NODE CMD...  run something inside a node (curl a pod's address, ctr, nft, ps)
#   cluster.sh load FILE.tar...  load images on every node that does not have them
#   cluster.sh test-images       build the agent's and the shop's image, and load what changed
#   cluster.sh servers           build and load the image of real servers, once; prints its name (servers.yaml)
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$here/packages.sh"
. "$here/keys.sh"
. "$here/namespaces.sh"

up() {
  local count=${1:-2} base i
  alone
  if living "$count"; then
    # A busy machine may answer late; a cluster that others use is not restarted for that.
    ! try_for 30 answers "$count" || { announce && return; }
    say "its nodes live but do not answer: starting them anew"
  fi
  need_packages
  bash "$here/build.sh"
  base=$(bash "$here/images.sh" base 2> "$cache/images.log") || die "the images were not made; see $cache/images.log"
  stop_nodes # what is left of a start that was interrupted, or of a node that has died
  make_keys 2> "$cache/keys.log" || die "the keys were not made; see $cache/keys.log"
  make_bridge
  for i in $(seq "$count"); do start_node "$i" "$count" "$base"; done
  within 180 "the API server" kubectl get --raw /readyz
  within 30 "cluster DNS applied" kubectl apply -f "$here/addons.yaml"
  within 120 "$count ready nodes and cluster DNS" answers "$count"
  within 60 "the default service account" kubectl get serviceaccount default
  announce
}
living() { # NODES
  local i
  for i in $(seq "$1"); do node_pid "n$i" > /dev/null || return 1; done
}
answers() { # NODES
  local i ready
  ready=$(kubectl get nodes --request-timeout=5s -o \
    jsonpath='{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}') || return 1
  for i in $(seq "$1"); do [[ " $ready" = *" n$i=True "* ]] || return 1; done
  [ "$(kubectl -n kube-system get deployment coredns --request-timeout=5s -o jsonpath='{.status.readyReplicas}')" = 1 ]
}
announce() {
  say "up with $(nodes | wc -l) nodes; kubeconfig: $KUBECONFIG"
  say "next: eval \"\$(npm run -s cluster env)\" and kubectl get pods -A, or npm run test:e2e"
}

status() {
  local node
  [ -n "$(nodes)" ] || die "down: npm run cluster up"
  for node in $(nodes); do node_pid "$node" > /dev/null || say "node $node has died; see $state/$node/log"; done
  kubectl get nodes -o wide
  kubectl get pods -A -o wide
}

load() { # FILE.tar...
  local archive node one loads
  for archive in "$@"; do
    loads=()
    for node in $(nodes); do
      load_on "$node" "$archive" > "$state/$node/log/load.log" 2>&1 &
      loads+=($!)
    done
    [ ${#loads[@]} -gt 0 ] || die "no node is up: npm run cluster up"
    for one in "${loads[@]}"; do wait "$one" || die "$archive was not loaded; see $state/n*/log/load.log"; done
  done
}
load_on() { # NODE FILE.tar
  local index name digest
  # An archive of mkimage.sh says first what it is. The node is asked: no mark beside it can be wrong.
  if index=$(tar -xOf "$2" --occurrence=1 index.json); then
    name=$(grep -o 'localhost/[^"]*' <<< "$index")
    digest=$(grep -o 'sha256:[0-9a-f]*' <<< "$index")
    ! in_node "$1" ctr -n k8s.io images ls "name==$name" | grep -q "$digest" || return 0
  fi
  in_node "$1" ctr -n k8s.io images import - < "$2"
}
test_images() {
  local archives
  alone
  archives=$(bash "$here/images.sh" ours) || die "the test images were not made"
  load $archives
}
servers() {
  local archive name
  alone
  archive=$(bash "$here/images.sh" servers) || die "the servers' image was not made"
  load "$archive"
  name=$(basename "$archive" .tar)
  echo "localhost/${name/-/:}"
}

# Two commands at once would build, start and stop on top of each other.
alone() {
  mkdir -p "$cache"
  exec 9> "$cache/lock"
  flock -n 9 || { say "waiting for another command" && flock 9; }
}
try_for() { # SECONDS CMD...: until CMD succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep .1
  done
}
within() { # SECONDS WHAT CMD...
  local seconds=$1 what=$2
  shift 2
  try_for "$seconds" "$@" || die "not within $seconds seconds: $what; see the logs in $state/n*/log"
}

command=${1:-}
[ $# = 0 ] || shift
case "$command" in
  up) up "$@" ;;
  down)
    alone
    stop_nodes
    ;;
  reset)
    alone
    stop_nodes
    rm -rf "$state"
    ;;
  status) status ;;
  kubeconfig) echo "$KUBECONFIG" ;;
  env) echo "export KUBECONFIG=$KUBECONFIG PATH=$bin:\$PATH" ;;
  exec)
    [ "${2:-}" != -- ] || set -- "$1" "${@:3}"
    [ $# -gt 1 ] || die "exec NODE CMD..., for example: npm run cluster exec n1 -- ps aux"
    in_node "$@"
    ;;
  load) load "$@" ;;
  test-images) test_images ;;
  servers) servers ;;
  *)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
    ;;
esac
