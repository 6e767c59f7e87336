#!/bin/sh
# Starts the program that this file is named after, with the runtime of its own release.
self=$(readlink -f -- "$0")
lib=${self%/bin/*}/lib
SHIPKEEPER_SQLITE_BINDING=$lib/better_sqlite3.node
export SHIPKEEPER_SQLITE_BINDING
exec "$lib/node" "$lib/${self##*/}.mjs" "$@"
