#!/bin/sh
# Brings the schema up to date and makes the first admin token, once: the platform listens beyond loopback only
# when a token exists. The token goes into FILE, readable by its owner alone.
#   first-token.sh [FILE]        (default: /var/lib/mimas/admin-token)
set -eu
file=${1:-/var/lib/mimas/admin-token}
mimas migrate
if [ -n "$(mimas token list)" ]; then
    echo "There are tokens already: nothing to do." >&2
    exit 0
fi
umask 077
mimas token create first-admin --role admin >"$file.new" 2>/dev/null
mv "$file.new" "$file"
echo "The first admin token is in $file. Read it once, keep it safe, and remove the file." >&2
