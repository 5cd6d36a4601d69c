#!/bin/sh
# The sandbox pod, from the inside. Three stages, each started by the one before in namespaces of its own:
#
#   outside  pid 1 of the sandbox: own processes and mounts, the machine's own network (the agent runs here)
#   cluster  the network of the other services: 10.244.77.1, where `prices` answers
#   pod      the pod: own network (10.244.77.2), root file system, processes and host name; the shop
#
# All are in one user namespace, whose root is whoever started it. Pid 1 ends when its stdin ends, which the
# starter's death brings about in any case, and the kernel then ends every process in here; with the last
# one go the mounts (there is no folder on the machine's own disk) and the networks.
#
# Called by sandbox.ts: sh sandbox.sh outside FOLDER_OF_THIS_FILE NODE
set -eu
stage=$1 demo=$2 node=$3

outside() {
  mount -t proc proc /proc
  { unshare --net sh "$demo/sandbox.sh" cluster "$demo" "$node" || echo 'sandbox failed'; } </dev/null &
  exec cat >/dev/null
}

cluster() {
  ip link set lo up
  ip link add cluster0 type veth peer name eth0
  ip address add 10.244.77.1/24 dev cluster0
  ip link set cluster0 up
  "$node" "$demo/pod/app/prices.mjs" &
  CLUSTER_PID=$$ unshare --net --mount --uts --ipc --pid --fork sh "$demo/sandbox.sh" pod "$demo" "$node"
}

pod() {
  nsenter --target "$CLUSTER_PID" --net ip link set eth0 netns $$
  ip link set lo up
  ip address add 10.244.77.2/24 dev eth0
  ip link set eth0 up
  ip route add default via 10.244.77.1
  hostname shop-0 2>/dev/null || echo shop-0 >/proc/sys/kernel/hostname

  make_root /sys
  cd /sys
  pivot_root . old
  umount -l /old
  rmdir /old
  cd /
  exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOSTNAME=shop-0 HOME=/ \
    SHOP_REGION=pod-land SHOP_SECRET=only-the-pod-knows NODE_ENV=production \
    "$node" /app/shop.mjs
}

# A root file system in memory: the pod's own files, and the machine's programs read-only. Its place is any
# folder that every machine has: the mount namespace is the pod's own, so nobody else sees it covered.
make_root() {
  mount -t tmpfs -o mode=0755,size=64m pod "$1"
  cd "$1"
  mkdir -p old proc dev tmp root var
  chmod 1777 tmp
  cp -R "$demo/pod/." .
  ln -s /data/note.txt data/link
  mount -t proc proc proc
  for device in null zero full random urandom; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  for folder in /usr /bin /sbin /lib /lib32 /lib64 /nix /home/linuxbrew "$(dirname "$node")"; do
    show "$folder"
  done
}

# Makes a folder of the machine visible at the same path under the new root (the working directory), read-only.
# nosuid and nodev are there because an unprivileged user cannot take them away where the machine has set them.
show() {
  if [ -L "$1" ]; then
    ln -s "$(readlink "$1")" ".$1"
  elif [ -d "$1" ] && [ ! -e ".$1" ]; then
    mkdir -p ".$1"
    mount --rbind "$1" ".$1"
    mount -o remount,bind,ro,nosuid,nodev ".$1"
  fi
}

"$stage"
