#!/bin/bash
# servers.sh localhost/NAME:TAG OUT.tar
# Makes one image of real servers, from Debian's packages: PostgreSQL, Redis, MariaDB, RabbitMQ and nginx. The packages
# are only unpacked (their installation would want a running system): what a server needs, its pod's command does
# (servers.yaml). Some 20 s, and no registry.
set -euo pipefail
. "$(dirname "$0")/common.sh"
work=$(mktemp -d -p "$cache" servers.XXXXXX)
trap 'rm -rf "$work"' EXIT
packages=postgresql-15,redis-server,mariadb-server-core,mariadb-client-core,rabbitmq-server,nginx-light,openssl

mmdebstrap --quiet --variant=extract --include="$packages" --aptopt='Acquire::Languages "none"' bookworm "$work/root"
cd "$work/root"
# More than half of it: documents, the scripting languages of the packages' installation, PostgreSQL's compiler.
rm -rf dev/* etc/{hostname,resolv.conf} usr/bin/{perl,python}* usr/lib/python* usr/lib/*/{libLLVM*,libpython*,perl*,gconv} \
  usr/lib/postgresql/*/lib/bitcode usr/share/{doc,man,info,locale,i18n,perl*,vim,lintian} var/cache/* var/lib/{apt,dpkg}
"$here/mkroot.sh" "$work/root" # a shell and its tools
# The archive has no owners, so each server's own user writes here only.
chmod -R a+rX .
"$here/mkimage.sh" "$1" "$work/image.tar" '{"Cmd":["sh"],"User":"1000","Env":["HOME=/tmp","LANG=C.UTF-8","PATH='\
'/usr/lib/postgresql/15/bin:/usr/lib/rabbitmq/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}' "$work/root"
mv "$work/image.tar" "$2"
