#!/bin/bash
# The first process of a node's namespaces: sets the node up and keeps its programs running. Node 1 holds the control
# plane too. namespaces.sh starts it with NODE (n1), N (1), NODES (how many), IMAGES (archives) and STATE (a folder).
set -euo pipefail
folder=$STATE/$NODE pki=$STATE/pki address=10.89.0.1$N
api=https://10.89.0.11:6443 etcd=http://127.0.0.1:2379 peer=http://127.0.0.1:2380

main() {
  cd "$folder"
  hostname "$NODE"
  own_sys
  own_paths
  own_network
  [ "$N" != 1 ] || start_api
  start_containerd
  load_images
  # The roles are laid down once the API is ready; a controller manager that finds none for 20 s gives up.
  until curl -skf -o /dev/null "$api/readyz"; do sleep .1; done
  [ "$N" != 1 ] || start_controllers
  start_kubelet
  start_proxy
  # Orphans in a pid namespace fall to its first process, and bash reaps what it waits for.
  while :; do wait -n || true; done
}

# A /sys that shows this node's network, with the cgroup hierarchies as they were.
own_sys() {
  mkdir -p cgroup
  mount --rbind /sys/fs/cgroup cgroup
  umount -l /sys
  mount -t sysfs sysfs /sys
  mount --rbind cgroup /sys/fs/cgroup
  umount -l cgroup
  mount --make-rshared /
}
# The usual paths, each this node's own.
own_paths() {
  local path
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/lock
  for path in /var/lib/kubelet /var/lib/containerd /var/log/pods /var/log/containers /etc/cni; do
    mkdir -p "$path" "$folder/fs$path"
    mount --bind "$folder/fs$path" "$path"
  done
  mkdir -p /etc/cni/net.d /var/lib/cni
  mount -t tmpfs tmpfs /var/lib/cni # pods' addresses are given anew after a restart
  : > resolv.conf                   # nothing outside is ever asked
  mount --bind resolv.conf /etc/resolv.conf
  printf '127.0.0.1 localhost\n%s %s\n' "$address" "$NODE" > hosts
  mount --bind hosts /etc/hosts
}
# The other nodes' pods are reached through eth0, which namespaces.sh puts here, and nothing else is.
own_network() {
  local i
  ip link set lo up
  until [ -e /sys/class/net/eth0 ]; do sleep .02; done
  ip addr add "$address/24" dev eth0
  ip link set eth0 up
  echo 1 > /proc/sys/net/ipv4/ip_forward
  # With no default route, what starts here needs some route to a service before it is turned to a pod.
  ip route add 10.96.0.0/16 dev eth0
  for i in $(seq "$NODES"); do [ "$i" = "$N" ] || ip route add "10.244.$i.0/24" via "10.89.0.1$i"; done
  nft -f - << X
table ip node {
  chain post { type nat hook postrouting priority 100; ip saddr 10.244.0.0/16 ip daddr 10.89.0.0/24 masquerade; };
}
X
  cat > /etc/cni/net.d/10-bridge.conflist << X
{"cniVersion":"0.4.0","name":"bridge","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.$N.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
X
}

# A program that ends is started again, as a node's service manager would.
start() { # NAME CMD...
  local name=$1
  shift
  while :; do
    "$@" || true
    echo "== $name ended"
    sleep 1
  done > "log/$name.log" 2>&1 &
}
start_api() {
  start etcd etcd --data-dir "$folder/etcd" --listen-client-urls $etcd --advertise-client-urls $etcd \
    --listen-peer-urls $peer --initial-advertise-peer-urls $peer --initial-cluster default=$peer \
    --unsafe-no-fsync --log-level warn
  start apiserver kube-apiserver --etcd-servers=$etcd --advertise-address="$address" --secure-port=6443 \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --client-ca-file="$pki/ca.crt" --kubelet-certificate-authority="$pki/ca.crt" \
    --kubelet-client-certificate="$pki/apiserver-kubelet.crt" --kubelet-client-key="$pki/apiserver-kubelet.key" \
    --kubelet-preferred-address-types=InternalIP \
    --requestheader-client-ca-file="$pki/front-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$pki/front.crt" --proxy-client-key-file="$pki/front.key" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$pki/sa.key" --service-account-signing-key-file="$pki/sa.key" \
    --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC \
    --enable-admission-plugins=NodeRestriction --allow-privileged=true
}
start_controllers() {
  start kcm kube-controller-manager --kubeconfig="$STATE/kcm.kubeconfig" --leader-elect=false \
    --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
    --use-service-account-credentials=true \
    --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key"
  start scheduler kube-scheduler --kubeconfig="$STATE/scheduler.kubeconfig" --leader-elect=false
}
start_containerd() {
  # restrict_oom_score_adj: root in a container may lack CAP_SYS_RESOURCE; below, oomScoreAdj for the same reason.
  cat > containerd.toml << X
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "localhost/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/usr/lib/cni"]
X
  start containerd containerd -c "$folder/containerd.toml"
  until ctr version > /dev/null 2>&1; do sleep .05; done
}
# These archives' folder is named by their content: the same names are the same images.
load_images() {
  local archive
  [ "$(cat loaded 2> /dev/null)" != "$IMAGES" ] || return 0
  for archive in $IMAGES; do ctr -n k8s.io images import "$archive" >> log/images.log 2>&1; done
  echo "$IMAGES" > loaded
}
start_kubelet() {
  cat > kubelet.yaml << X
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: $pki/ca.crt}, anonymous: {enabled: false}, webhook: {enabled: true}}
authorization: {mode: Webhook}
tlsCertFile: $pki/$NODE.crt
tlsPrivateKeyFile: $pki/$NODE.key
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /kube-$NODE # two kubelets on one machine
failCgroupV1: false
failSwapOn: false
evictionHard: {}
imageGCHighThresholdPercent: 100 # nothing could pull an image again
oomScoreAdj: 0
resolvConf: /etc/resolv.conf
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
X
  start kubelet kubelet --kubeconfig="$STATE/$NODE.kubeconfig" --config="$folder/kubelet.yaml" \
    --hostname-override="$NODE" --node-ip="$address"
}
start_proxy() {
  cat > proxy.yaml << X
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $STATE/proxy.kubeconfig}
mode: nftables
hostnameOverride: $NODE
clusterCIDR: 10.244.0.0/16
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0} # the limits are the machine's, and not ours to raise
X
  start proxy kube-proxy --config="$folder/proxy.yaml"
}

main
