# Sourced by the scripts of this folder: where things are, and the few words they share.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Outside the repository, so that a fresh clone finds what an earlier one built.
cache=${MIRRORD_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mirrord-for-node}
# Named by what they are built from: a change builds anew, and going back finds the old ones. (packages.sh says
# when there is no Go; paths can be asked for without it.)
key=$(cd "$here" && { cat build/go.mod build/go.sum build/*/main.go build.sh; go version 2> /dev/null || true; } |
  sha256sum | cut -c1-12)
bin=$cache/bin-$key
images=$cache/images
state=$cache/run
export PATH="$bin:$PATH" KUBECONFIG=$state/admin.kubeconfig

say() { echo "cluster: $*" >&2; }
die() {
  say "$*"
  exit 1
}
