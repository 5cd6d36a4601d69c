# Sourced by cluster.sh: the cluster's authorities, certificates and kubeconfigs, made once for its state.

make_keys() {
  [ ! -f "$KUBECONFIG" ] || return 0 # made last
  mkdir -p "$state/pki"
  authority ca
  authority front-ca
  local user names=localhost,n1,kubernetes,kubernetes.default,kubernetes.default.svc
  names+=,kubernetes.default.svc.cluster.local
  certificate apiserver ca /CN=kube-apiserver "DNS:${names//,/,DNS:},IP:127.0.0.1,IP:10.96.0.1,IP:10.89.0.11"
  certificate apiserver-kubelet ca /O=system:masters/CN=kube-apiserver-kubelet-client
  certificate front front-ca /CN=front-proxy-client
  certificate scheduler ca /CN=system:kube-scheduler
  certificate kcm ca /CN=system:kube-controller-manager
  certificate proxy ca /CN=system:kube-proxy
  certificate admin ca /O=system:masters/CN=admin
  openssl genrsa -out "$state/pki/sa.key" 2048
  for user in scheduler kcm proxy admin; do kubeconfig $user; done
}
make_node_keys() { # NODE ADDRESS
  [ ! -f "$state/$1.kubeconfig" ] || return 0
  certificate "$1" ca "/O=system:nodes/CN=system:node:$1" "DNS:$1,IP:$2"
  kubeconfig "$1"
}

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$state/pki/$1.key"; }
authority() {
  key "$1"
  openssl req -x509 -new -key "$state/pki/$1.key" -out "$state/pki/$1.crt" -days 3650 -subj "/CN=$1"
}
certificate() { # NAME AUTHORITY SUBJECT [ALTNAMES]
  local pki=$state/pki extensions="extendedKeyUsage=serverAuth,clientAuth"
  [ -z "${4:-}" ] || extensions+=$'\n'"subjectAltName=$4"
  key "$1"
  openssl req -new -key "$pki/$1.key" -subj "$3" |
    openssl x509 -req -CA "$pki/$2.crt" -CAkey "$pki/$2.key" -CAcreateserial -days 3650 -out "$pki/$1.crt" \
      -extfile <(echo "$extensions")
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
