#!/bin/bash
# The first process of a node's namespaces (cluster.sh starts it with STATE, IMAGES, NODE, N, NODES): sets the node up and
# keeps its programs running. Node 1 holds the control plane too.
set -euo pipefail
D=$STATE/$NODE PKI=$STATE/pki IP=10.89.0.1$N
hostname "$NODE"

# A /sys that shows this node's network, with the cgroup hierarchies as they were. (ip netns exec would hide them.)
mkdir -p "$D/cg"; mount --rbind /sys/fs/cgroup "$D/cg"; umount -l /sys
mount -t sysfs sysfs /sys; mount --rbind "$D/cg" /sys/fs/cgroup; umount -l "$D/cg"
mount --make-rshared /

# The usual paths, each this node's own.
own(){ mkdir -p "$1" "$D/fs$1"; mount --bind "$D/fs$1" "$1"; }
mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/lock
for p in /var/lib/kubelet /var/lib/containerd /var/log/pods /var/log/containers /etc/cni; do own $p; done
mkdir -p /etc/cni/net.d /var/lib/cni; mount -t tmpfs tmpfs /var/lib/cni   # addresses are given anew after a restart
: > "$D/resolv.conf"; mount --bind "$D/resolv.conf" /etc/resolv.conf      # nothing outside is ever asked
printf '127.0.0.1 localhost\n%s %s\n' "$IP" "$NODE" > "$D/hosts"; mount --bind "$D/hosts" /etc/hosts

# Network: eth0 is put here by cluster.sh; the other nodes' pods are reached through it, and nothing else is.
ip link set lo up
until [ -e /sys/class/net/eth0 ]; do sleep .02; done
ip addr add "$IP/24" dev eth0; ip link set eth0 up
sysctl -qw net.ipv4.ip_forward=1
ip route add 10.96.0.0/16 dev eth0   # with no default route, what starts here needs some route before it's turned to a pod
for i in $(seq "$NODES"); do [ "$i" = "$N" ] || ip route add "10.244.$i.0/24" via "10.89.0.1$i"; done
nft -f - <<X
table ip node { chain post { type nat hook postrouting priority 100; ip saddr 10.244.0.0/16 ip daddr 10.89.0.0/24 masquerade; }; }
X
cat > /etc/cni/net.d/10-bridge.conflist <<X
{"cniVersion":"0.4.0","name":"bridge","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.$N.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
X

# A program that ends is started again, as a node's service manager would.
start(){ local n=$1; shift; (while :; do "$@" || true; echo "== $n ended"; sleep 1; done) > "$D/log/$n.log" 2>&1 & }
cd "$D"
API=https://10.89.0.11:6443

if [ "$N" = 1 ]; then
  start etcd etcd --data-dir "$D/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster default=http://127.0.0.1:2380 --unsafe-no-fsync --log-level warn
  start apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address="$IP" --secure-port=6443 \
    --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" --client-ca-file="$PKI/ca.crt" \
    --kubelet-client-certificate="$PKI/apiserver-kubelet.crt" --kubelet-client-key="$PKI/apiserver-kubelet.key" \
    --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --requestheader-client-ca-file="$PKI/front-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$PKI/front.crt" --proxy-client-key-file="$PKI/front.key" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$PKI/sa.key" --service-account-signing-key-file="$PKI/sa.key" \
    --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC \
    --enable-admission-plugins=NodeRestriction --allow-privileged=true ${APISERVER_ARGS:-}
fi

# containerd 2.x; Debian's 1.6 works as well, its section names are version 2's.
if [ "$(containerd --version | sed 's/.* v\{0,1\}\([0-9]\)\.[0-9].*/\1/')" = 1 ]; then
  cat > containerd.toml <<X
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
X
else
  cat > containerd.toml <<X
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "localhost/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true   # this root lacks CAP_SYS_RESOURCE
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/usr/lib/cni"]
X
fi
start containerd containerd -c "$D/containerd.toml"
until ctr version >/dev/null 2>&1; do sleep .05; done
touch loading
for t in "$IMAGES"/{pause,coredns,node}.tar; do   # only what changed since the last start
  [ ! "$t" -nt loaded ] || ctr -n k8s.io images import "$t" >> log/images.log 2>&1
done
mv loading loaded

# The roles are laid down once the API is ready; a controller manager that finds none for 20 s gives up.
until curl -skf -o /dev/null "$API/readyz"; do sleep .1; done
if [ "$N" = 1 ]; then
  start kcm kube-controller-manager --kubeconfig="$STATE/kcm.kubeconfig" --service-account-private-key-file="$PKI/sa.key" \
    --root-ca-file="$PKI/ca.crt" --use-service-account-credentials=true --leader-elect=false \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key"
  start scheduler kube-scheduler --kubeconfig="$STATE/scheduler.kubeconfig" --leader-elect=false
fi
cat > kubelet.yaml <<X
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: $PKI/ca.crt}, anonymous: {enabled: false}, webhook: {enabled: true}}
authorization: {mode: Webhook}
tlsCertFile: $PKI/$NODE.crt
tlsPrivateKeyFile: $PKI/$NODE.key
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /kube-$NODE
failCgroupV1: false
failSwapOn: false
evictionHard: {}
imageGCHighThresholdPercent: 100
oomScoreAdj: 0
resolvConf: /etc/resolv.conf
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
X
start kubelet kubelet --kubeconfig="$STATE/$NODE.kubeconfig" --config="$D/kubelet.yaml" --hostname-override="$NODE" --node-ip="$IP" ${KUBELET_ARGS:-}
cat > proxy.yaml <<X
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $STATE/proxy.kubeconfig}
mode: ${PROXY_MODE:-nftables}
hostnameOverride: $NODE
clusterCIDR: 10.244.0.0/16
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0}
X
start proxy kube-proxy --config="$D/proxy.yaml"
# Orphans in a pid namespace fall to its first process, and bash reaps what it waits for.
while :; do wait -n || true; done
