#!/bin/bash
# images.sh base            what the cluster itself needs, and Node as this machine has it, into the cache
# images.sh ours            the agent and the sample shop, from dist/ and test/apps: two small layers over Node's
# Prints the archives that it made or found, a line each.
set -euo pipefail
. "$(dirname "$0")/common.sh"
mkdir -p "$images"
path='"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node=$(readlink -f "$(command -v node)")
# Node's layer is shared by all images that run Node; it changes with this machine's Node and with mkroot.sh.
node_layer=$cache/node-$({ "$node" --version; cat "$here/mkroot.sh"; } | sha256sum | cut -c1-12).tar
make_node_layer() {
  [ ! -f "$node_layer" ] || return 0
  "$here/mkroot.sh" "$work/node" "$node:/usr/local/bin/node"
  tar -C "$work/node" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 -cf "$work/node.tar" .
  mv "$work/node.tar" "$node_layer"
}

image() { # NAME:TAG ROOT[,ROOT...] CONFIG
  local archive=$images/${1%:*}.tar
  "$here/mkimage.sh" "localhost/$1" "$work/image.tar" "$2" "$3"
  # The same content stays the same file, so that nobody loads it again.
  cmp -s "$work/image.tar" "$archive" || cp "$work/image.tar" "$archive"
  echo "$archive"
}

base() {
  mkdir -p "$work/pause" "$work/coredns"
  cp "$bin/pause" "$work/pause/"
  image pause:1 "$work/pause" '{"Entrypoint":["/pause"]}'
  cp "$bin/coredns" "$work/coredns/"
  image coredns:1 "$work/coredns" '{"Entrypoint":["/coredns"]}'
  make_node_layer
  image node:test "$node_layer" "{\"Cmd\":[\"node\"],$path}"
}

ours() {
  local root=$here/../..
  make_node_layer
  mkdir -p "$work/agent/mirrord"
  cp "$root"/dist/agent/* "$work/agent/mirrord/"
  image mirrord-agent:test "$node_layer,$work/agent" "{\"Cmd\":[\"node\",\"/mirrord/agent.cjs\"],$path}"
  mkdir -p "$work/shop/app" "$work/shop/data/dir/sub"
  cp "$root"/test/apps/shop/*.mjs "$work/shop/app/"
  echo 'a note of the pod' > "$work/shop/data/note.txt"
  echo a > "$work/shop/data/dir/a.txt"
  echo b > "$work/shop/data/dir/b.txt"
  echo c > "$work/shop/data/dir/sub/c.txt"
  ln -s /data/note.txt "$work/shop/data/link"
  node -e 'const b = Buffer.alloc(5e6); for (let i = 0; i < b.length; i++) b[i] = (i * 7) & 0xff; process.stdout.write(b)' \
    > "$work/shop/data/big.bin"
  image shop:test "$node_layer,$work/shop" "{\"Cmd\":[\"node\",\"/app/server.mjs\"],$path}"
}

"$1"
