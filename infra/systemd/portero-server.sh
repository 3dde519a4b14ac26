#!/bin/sh
# Runs a command of the server as the server's user and with its settings: as root, `portero-server check`, for one.
# Installed as /usr/local/sbin/portero-server (infra/debian.md).
set -eu
set -a
# shellcheck source=/dev/null  # the settings of the machine, which are not in this folder
. /etc/portero/server.env
set +a
exec runuser -u portero -- /opt/portero/bin/portero-server "$@"
