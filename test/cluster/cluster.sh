#!/bin/bash
# A Kubernetes for the tests, on this machine: two nodes, each in Linux namespaces of its own (README.md).
#   cluster.sh up [NODES]        start it (2 nodes), or say that it is up; builds what it needs, once
#   cluster.sh down              stop it; its state stays, and the next up goes on with it
#   cluster.sh reset             stop it and forget its state
#   cluster.sh status            its nodes and pods
#   cluster.sh kubeconfig        the path of its admin's kubeconfig
#   cluster.sh env               a line for eval: KUBECONFIG, and kubectl in the PATH
#   cluster.sh exec NODE CMD...  run something inside a node (curl a pod's address, ctr, nft, ps)
#   cluster.sh load FILE.tar...  load images on every node
#   cluster.sh test-images       build the agent's and the shop's image, and load what changed
#
#   host --- bridge kb0 10.89.0.1 --- n1 10.89.0.11 (control plane and node), n2 10.89.0.12 (node)
# Pods get 10.244.N.0/24, services 10.96.0.0/16, DNS is 10.96.0.10; no node has a way out, and the host
# reaches pods only as any client does: through the API, or a NodePort.
set -euo pipefail
. "$(dirname "$0")/common.sh"
bridge=kb0

# With its start time a pid names one process.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
node_pid() {
  local pid start
  [ -f "$state/$1/pid" ] && read -r pid start < "$state/$1/pid" && [ "$(started "$pid")" = "$start" ] && echo "$pid"
}
nodes() {
  local folder
  for folder in "$state"/n*/; do [ ! -f "$folder/pid" ] || basename "$folder"; done
}
in_node() {
  local pid
  pid=$(node_pid "$1") || die "node $1 is not up: npm run cluster up"
  shift
  nsenter -t "$pid" -m -n -u -i -p -- "$@"
}
within() { # SECONDS WHAT CMD...: until CMD succeeds
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -lt $end ] || die "not within time: $what; see the logs in $state/n*/log"
    sleep .1
  done
}

need_packages() {
  local missing=()
  [ "$(id -u)" = 0 ] && [ "$(uname -s)" = Linux ] ||
    die "needs root on Linux; or set MIRRORD_TEST_KUBECONFIG to test on a cluster that you have"
  command -v runc > /dev/null || missing+=(runc)
  [ -d /usr/lib/cni ] || missing+=(containernetworking-plugins)
  command -v conntrack > /dev/null || missing+=(conntrack)
  command -v iptables > /dev/null || missing+=(iptables)
  command -v nft > /dev/null || missing+=(nftables)
  command -v busybox > /dev/null || missing+=(busybox-static)
  command -v ip > /dev/null || missing+=(iproute2)
  command -v openssl > /dev/null || missing+=(openssl)
  command -v go > /dev/null || die "needs Go (the version in test/cluster/build/go.mod, or a newer one)"
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get > /dev/null || die "needs these packages: ${missing[*]}"
  say "installing ${missing[*]}"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    > "$cache/apt.log" 2>&1 || die "the packages could not be installed; see $cache/apt.log"
}

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
authority() {
  key "$1"
  openssl req -x509 -new -key "$1.key" -out "$1.crt" -days 3650 -subj "/CN=$1"
}
certificate() { # NAME AUTHORITY SUBJECT [ALTNAMES]
  key "$1"
  openssl req -new -key "$1.key" -subj "$3" |
    openssl x509 -req -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 3650 -out "$1.crt" \
      -extfile <(
        echo "extendedKeyUsage=serverAuth,clientAuth"
        [ -z "${4:-}" ] || echo "subjectAltName=$4"
      ) 2> /dev/null
}
kubeconfig() { # NAME: with its key and certificate inside
  inline() { base64 -w0 "$state/pki/$1"; }
  (
    umask 077
    cat > "$state/$1.kubeconfig" << X
apiVersion: v1
kind: Config
current-context: local
clusters: [{name: local, cluster: {server: "https://10.89.0.11:6443", certificate-authority-data: $(inline ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(inline "$1.crt"), client-key-data: $(inline "$1.key")}}]
contexts: [{name: local, context: {cluster: local, user: $1}}]
X
  )
}
make_keys() {
  [ ! -f "$KUBECONFIG" ] || return 0
  mkdir -p "$state/pki"
  cd "$state/pki"
  authority ca
  authority front-ca
  local names=localhost,n1,kubernetes,kubernetes.default,kubernetes.default.svc,kubernetes.default.svc.cluster.local
  certificate apiserver ca /CN=kube-apiserver "DNS:${names//,/,DNS:},IP:127.0.0.1,IP:10.96.0.1,IP:10.89.0.11"
  certificate apiserver-kubelet ca /O=system:masters/CN=kube-apiserver-kubelet-client
  certificate front front-ca /CN=front-proxy-client
  certificate admin ca /O=system:masters/CN=admin
  certificate scheduler ca /CN=system:kube-scheduler
  certificate kcm ca /CN=system:kube-controller-manager
  certificate proxy ca /CN=system:kube-proxy
  openssl genrsa -out sa.key 2048 2> /dev/null
  cd - > /dev/null
  local user
  for user in scheduler kcm proxy admin; do kubeconfig $user; done
}

start_node() { # N of NODES
  local node=n$1 first outer group file
  mkdir -p "$state/$node/log"
  [ -f "$state/$node.kubeconfig" ] || {
    (cd "$state/pki" && certificate "$node" ca "/O=system:nodes/CN=system:node:$node" "DNS:$node,IP:10.89.0.1$1")
    kubeconfig "$node"
  }
  # cgroup v1: what a node runs is in a folder of its own in each hierarchy; a new cpuset is empty until it is told.
  for group in /sys/fs/cgroup/*/; do
    [ -e "$group/cgroup.procs" ] || continue
    mkdir -p "$group/kube-$node"
    [ -e "$group/cpuset.cpus" ] || continue
    for file in cpuset.cpus cpuset.mems; do cat "$group/$file" > "$group/kube-$node/$file"; done
    echo 1 > "$group/kube-$node/cgroup.clone_children"
  done
  NODE=$node N=$1 NODES=$2 STATE=$state IMAGES=$images setsid unshare --mount --propagation private --net --uts --ipc \
    --pid --fork --mount-proc bash "$here/node.sh" > "$state/$node/log/node.log" 2>&1 < /dev/null 9>&- &
  outer=$!
  until first=$(cat "/proc/$outer/task/$outer/children" 2> /dev/null) && [ -n "$first" ]; do
    [ -d /proc/$outer ] || die "$node did not start; see $state/$node/log/node.log"
    sleep .02
  done
  first=${first%% *}
  echo "$first $(started "$first")" > "$state/$node/pid"
  ip link add "kb-$node" type veth peer name eth0 netns "$first"
  ip link set "kb-$node" master $bridge up
}
node_ready() {
  [ "$(kubectl get node "$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]
}
healthy() { # NODES
  local i
  for i in $(seq "$1"); do node_pid "n$i" > /dev/null || return 1; done
  kubectl get --raw /readyz --request-timeout=3s > /dev/null 2>&1
}

up() {
  local count=${1:-2} i
  mkdir -p "$cache"
  exec 9> "$cache/lock" # two at once would build and start on top of each other
  flock 9
  if healthy "$count"; then
    say "up with $count nodes: export KUBECONFIG=$KUBECONFIG"
    return
  fi
  need_packages
  bash "$here/build.sh"
  bash "$here/images.sh" base > /dev/null
  [ -z "$(nodes)" ] || stop # what is left of a node that has died
  mkdir -p "$state"
  make_keys
  ip link show $bridge > /dev/null 2>&1 || {
    ip link add $bridge type bridge
    ip addr add 10.89.0.1/24 dev $bridge
    ip link set $bridge up
  }
  for i in $(seq "$count"); do start_node "$i" "$count"; done
  within 180 "the API server" kubectl get --raw /readyz
  within 30 "cluster DNS applied" kubectl apply -f "$here/addons.yaml"
  for i in $(seq "$count"); do within 120 "node n$i ready" node_ready "n$i"; done
  within 60 "the default service account" kubectl get serviceaccount default
  kubectl -n kube-system rollout status deploy/coredns --timeout=120s > /dev/null || die "cluster DNS did not start"
  say "up with $count nodes: export KUBECONFIG=$KUBECONFIG"
}

stop() {
  local node pid group
  for node in $(nodes); do
    # The end of a pid namespace's first process ends all others, and with them their mounts and network.
    if pid=$(node_pid "$node"); then
      kill -KILL "$pid"
      while [ "$(started "$pid")" ]; do sleep .05; done
    fi
    rm -f "$state/$node/pid"
    for group in /sys/fs/cgroup/*/"kube-$node"; do
      [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null || true
    done
  done
  ! ip link show $bridge > /dev/null 2>&1 || ip link del $bridge
}

load() {
  local archive node loads=()
  for archive in "$@"; do
    for node in $(nodes); do
      in_node "$node" ctr -n k8s.io images import "$(realpath "$archive")" > "$state/load-$node.log" 2>&1 &
      loads+=($!)
    done
    for node in "${loads[@]}"; do wait "$node" || die "$archive was not loaded; see $state/load-*.log"; done
    loads=()
  done
}

test_images() {
  local archive mark
  while read -r archive; do
    # What a node has loaded is remembered beside its state, which is where the images are.
    mark=$state/loaded-$(basename "$archive")
    [ "$mark" -nt "$archive" ] && continue
    load "$archive"
    touch "$mark"
  done < <(bash "$here/images.sh" ours)
}

command=${1:-}
[ $# = 0 ] || shift
case "$command" in
  up) up "$@" ;;
  down) stop ;;
  reset)
    stop
    rm -rf "$state"
    ;;
  status)
    kubectl get nodes -o wide
    kubectl get pods -A -o wide
    ;;
  kubeconfig) echo "$KUBECONFIG" ;;
  env) echo "export KUBECONFIG=$KUBECONFIG PATH=$bin:\$PATH" ;;
  exec)
    [ "${2:-}" != -- ] || set -- "$1" "${@:3}"
    in_node "$@"
    ;;
  load) load "$@" ;;
  test-images) test_images ;;
  *)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
    ;;
esac
