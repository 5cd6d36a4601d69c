# Sourced by cluster.sh: what the machine must have, and the Debian packages that bring it.

need_packages() {
  local program package missing=()
  [ "$(id -u)" = 0 ] && [ "$(uname -s)" = Linux ] ||
    die "needs root on Linux; or set MIRRORD_TEST_KUBECONFIG to test on a cluster that you have"
  command -v go > /dev/null || die "needs Go (the version in test/cluster/build/go.mod, or a newer one)"
  while read -r program package; do
    command -v "$program" > /dev/null || missing+=("$package")
  done << X
runc runc
/usr/lib/cni/bridge containernetworking-plugins
conntrack conntrack
iptables iptables
nft nftables
busybox busybox-static
ip iproute2
openssl openssl
curl curl
mmdebstrap mmdebstrap
cc build-essential
git git
wget wget
psql postgresql-client
X
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get > /dev/null || die "needs these programs' Debian packages, or their like: ${missing[*]}"
  say "installing ${missing[*]}"
  # 9 is the lock of cluster.sh, which nothing that an installation starts may keep.
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    > "$cache/apt.log" 2>&1 9>&- || die "the packages could not be installed; see $cache/apt.log"
}
