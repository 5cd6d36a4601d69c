#!/bin/bash
# Builds the cluster's programs from Go modules into the cache, once: Kubernetes (five components in one
# program that acts as the name it is called by), kubectl, etcd, containerd with its shim and ctr, CoreDNS,
# pause. The versions are those of build/go.mod.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ ! -d "$bin" ] || exit 0

say "building Kubernetes, etcd, containerd and CoreDNS, once: some 10 minutes on two cores (log: $cache/build.log)"
mkdir -p "$cache"
part=$(mktemp -d -p "$cache" bin-part.XXXXXX)
trap 'rm -rf "$part"' EXIT

build() {
  cd "$here/build"
  local version minor containerd=github.com/containerd/containerd/v2 component=k8s.io/component-base/version
  version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
  minor=${version#v1.} minor=${minor%%.*}
  # Unset, these make kubectl and the nodes say v0.0.0; feature gates read the major and minor.
  local flags="-s -w -X $component.gitVersion=$version -X $component.gitMajor=1 -X $component.gitMinor=$minor"
  flags+=" -X $component.gitTreeState=clean -X $component.gitCommit=${version#v}"
  flags+=" -X $component.buildDate=2026-01-01T00:00:00Z"
  flags+=" -X $containerd/version.Version=$(go list -m -f '{{.Version}}' $containerd)"
  # The linker drops debug data anyway; not making it saves an eighth of the compilers' time.
  CGO_ENABLED=0 GOFLAGS="-mod=readonly -buildvcs=false" \
    go build -trimpath -gcflags=all=-dwarf=false -ldflags "$flags" -o "$part/" \
    ./kube ./etcd ./coredns ./pause k8s.io/kubernetes/cmd/kubectl \
    $containerd/cmd/containerd $containerd/cmd/containerd-shim-runc-v2 $containerd/cmd/ctr
}
build > "$cache/build.log" 2>&1 || die "the build failed; see $cache/build.log"
for component in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
  ln -s kube "$part/$component"
done
chmod 755 "$part"
# Renamed when it is whole: an interrupted build never counts.
mv -T "$part" "$bin" 2>/dev/null || [ -d "$bin" ]
