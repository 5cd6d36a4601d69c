#!/bin/bash
# images.sh base            what the cluster itself needs, and Node as this machine has it, into the cache, once
# images.sh ours            the agent and the sample shop, from dist/ and test/apps: small layers over Node's
# images.sh servers         real servers in one image, localhost/servers:KEY, once
# Prints the archives, a line each, in the order to load them.
set -euo pipefail
. "$(dirname "$0")/common.sh"
umask 022 # a pod's user reads what root made
mkdir -p "$images"
work=$(mktemp -d -p "$images" part.XXXXXX)
trap 'rm -rf "$work"' EXIT

path='"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]'
node=$(readlink -f "$(command -v node)")
base=$images/base-$({ echo "$key" && cat "$here"/{images,mkimage,mkroot}.sh && stat -L -c '%n %s %Y' "$node"; } |
  sha256sum | cut -c1-12)

base() {
  make_base
  printf '%s\n' "$base"/{pause,coredns,node}.tar
}
make_base() {
  [ ! -d "$base" ] || return 0
  local program
  mkdir "$work/base"
  for program in pause coredns; do
    mkdir "$work/$program"
    cp "$bin/$program" "$work/$program/"
    "$here/mkimage.sh" "localhost/$program:1" "$work/base/$program.tar" \
      "{\"Entrypoint\":[\"/$program\"]}" "$work/$program"
  done
  "$here/mkroot.sh" "$work/node" "$node:/usr/local/bin/node"
  "$here/mkimage.sh" localhost/node:test "$work/base/node.tar" "{\"Cmd\":[\"node\"],$path}" "$work/node"
  # Renamed when it is whole: an interrupted build never counts.
  mv -T "$work/base" "$base" 2> /dev/null || [ -d "$base" ]
}

ours() {
  local root=$here/../..
  [ -d "$bin" ] || die "the cluster is not built: npm run cluster up"
  [ -f "$root/dist/agent/agent.cjs" ] || die "the agent is not built: npm run build"
  make_base
  echo "$base/node.tar" # another Node than the nodes have loaded, perhaps
  mkdir -p "$work/agent/mirrord"
  cp "$root"/dist/agent/* "$work/agent/mirrord/"
  small mirrord-agent "$work/agent" /mirrord/agent.cjs
  mkdir -p "$work/shop/app"
  cp "$root"/test/apps/shop/*.mjs "$work/shop/app/"
  shop_data "$work/shop/data"
  small shop "$work/shop" /app/server.mjs
}
small() { # NAME FOLDER MAIN
  local tag=test${MIRRORD_TEST_RUN:+-$MIRRORD_TEST_RUN}
  "$here/mkimage.sh" "localhost/$1:$tag" "$work/$1.tar" "{\"Cmd\":[\"node\",\"$3\"],$path}" "$2" "$base/node.tar"
  mv "$work/$1.tar" "$images/$1-$tag.tar"
  echo "$images/$1-$tag.tar"
}
servers() {
  local key
  key=$(cat "$here"/{servers,mkimage,mkroot}.sh | sha256sum | cut -c1-12)
  [ -f "$images/servers-$key.tar" ] ||
    "$here/servers.sh" "localhost/servers:$key" "$images/servers-$key.tar" > "$cache/servers.log" 2>&1 ||
    die "the servers' image was not made; see $cache/servers.log"
  echo "$images/servers-$key.tar"
}
shop_data() { # FOLDER: what the tests read through mirrord; byte i of big.bin is 7 * i
  mkdir -p "$1/dir/sub"
  echo 'a note of the pod' > "$1/note.txt"
  echo a > "$1/dir/a.txt"
  echo b > "$1/dir/b.txt"
  echo c > "$1/dir/sub/c.txt"
  ln -s /data/note.txt "$1/link"
  "$node" -e 'process.stdout.write(Buffer.alloc(5e6, Uint8Array.from({ length: 256 }, (_, i) => 7 * i)))' > "$1/big.bin"
}

"$1"
