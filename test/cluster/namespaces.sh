# Sourced by cluster.sh: a node as this machine sees it, which is a set of namespaces and the pid of their first
# process (node.sh). It has interfaces, rules, mounts and processes of its own, and ends whole with that process.
#   host --- bridge kb0 10.89.0.1 --- n1 10.89.0.11 (control plane and node), n2 10.89.0.12 (node)
bridge=kb0

make_bridge() {
  ip link add $bridge type bridge
  ip addr add 10.89.0.1/24 dev $bridge
  ip link set $bridge up
}
start_node() { # N NODES IMAGES: node N of so many, with these archives' images
  local node=n$1 first outer
  mkdir -p "$state/$node/log"
  make_node_keys "$node" "10.89.0.1$1" 2> "$cache/keys.log" || die "the node's keys were not made; see $cache/keys.log"
  make_groups "$node"
  # 9 is the lock of cluster.sh, which nodes must not keep.
  NODE=$node N=$1 NODES=$2 IMAGES=$3 STATE=$state setsid unshare --mount --propagation private --net --uts --ipc \
    --pid --fork --mount-proc bash "$here/node.sh" > "$state/$node/log/node.log" 2>&1 < /dev/null 9>&- &
  outer=$!
  until first=$(cat "/proc/$outer/task/$outer/children" 2> /dev/null) && [ -n "$first" ]; do
    [ -d /proc/$outer ] || die "node $node did not start; see $state/$node/log/node.log"
    sleep .02
  done
  first=${first%% *}
  echo "$first $(started "$first")" > "$state/$node/pid"
  ip link add "kb-$node" type veth peer name eth0 netns "$first"
  ip link set "kb-$node" master $bridge up
}
# cgroup v1: what a node runs is in a folder of its own in each hierarchy; a new cpuset is empty until it is told.
make_groups() { # NODE
  local group file
  for group in /sys/fs/cgroup/*/; do
    [ -e "$group/cgroup.procs" ] || continue
    mkdir -p "$group/kube-$1"
    [ -e "$group/cpuset.cpus" ] || continue
    for file in cpuset.cpus cpuset.mems; do cat "$group/$file" > "$group/kube-$1/$file"; done
    echo 1 > "$group/kube-$1/cgroup.clone_children"
  done
}

stop_nodes() {
  local node pid group
  for node in $(nodes); do
    # The end of a pid namespace's first process ends all others, and with them their mounts and network.
    if pid=$(node_pid "$node"); then
      kill -KILL "$pid"
      while [ "$(started "$pid")" ]; do sleep .05; done
    fi
    rm -f "$state/$node/pid"
    # The kernel takes an ended network apart in its own time; the next start wants the name now.
    ip link del "kb-$node" 2> /dev/null || true
    for group in /sys/fs/cgroup/*/"kube-$node"; do
      [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null || true
    done
  done
  ! ip link show $bridge > /dev/null 2>&1 || ip link del $bridge
}

# With its start time a pid names one process.
started() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d' ' -f20; }
node_pid() { # NODE: nothing and 1 when it does not live
  local pid start
  [ -f "$state/$1/pid" ] && read -r pid start < "$state/$1/pid" && [ "$(started "$pid")" = "$start" ] && echo "$pid"
}
nodes() { # those that were started, dead ones too
  local folder
  for folder in "$state"/n*/; do [ ! -f "$folder/pid" ] || basename "$folder"; done
}
in_node() { # NODE CMD...
  local pid
  pid=$(node_pid "$1") || die "node $1 is not up: npm run cluster up"
  shift
  nsenter -t "$pid" -m -n -u -i -p -- "$@"
}
