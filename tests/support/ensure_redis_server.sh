#!/bin/sh
# Make sure redis-server is on PATH: installs it with the system's package manager when that is allowed without a password.
set -eu

command -v redis-server >/dev/null 2>&1 && exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
        as_root="sudo -n"
    else
        as_root="no"
    fi
fi

install_redis() {
    if command -v brew >/dev/null 2>&1; then
        brew install redis
    elif [ "$as_root" = no ]; then
        return 1
    elif command -v apt-get >/dev/null 2>&1; then
        $as_root apt-get update -qq &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server
    elif command -v dnf >/dev/null 2>&1; then
        $as_root dnf install -y -q redis
    elif command -v apk >/dev/null 2>&1; then
        $as_root apk add --quiet redis
    else
        return 1
    fi
}

echo "redis-server is not on PATH; installing it for the tests" >&2
if install_redis >&2 && command -v redis-server >/dev/null 2>&1; then
    exit 0
fi
cat >&2 <<'TEXT'
The tests need a real redis-server on PATH, and it could not be installed from here.
Install it, then run make again:
    Debian, Ubuntu   sudo apt-get install redis-server
    Fedora, RHEL     sudo dnf install redis
    Alpine           sudo apk add redis
    macOS            brew install redis
TEXT
exit 1
