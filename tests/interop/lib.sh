# The common functions of the interoperability tests and the differential tests: packages, results, processes, ports.

# install_packages NAME...: installs these packages of Debian.
install_packages() {
    echo "installing $*"
    # This prevents Debian from starting a daemon at its installation.
    local policy=/usr/sbin/policy-rc.d status
    if [ -e $policy ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy; fi
    apt-get update -qq &&
        echo "postfix postfix/main_mailer_type select Local only" | debconf-set-selections &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$tmp/log" 2>&1
    status=$?
    [ -z "$policy" ] || rm -f $policy
    [ $status -eq 0 ] || tail -n 20 "$tmp/log"
    return $status
}

# make_python: sets $python, the Python of a virtual environment with aiosmtpd, in the version that was judged in
# tests/differential. It is in the target directory, and stays there for later runs.
aiosmtpd=1.4.6
make_python() {
    local venv
    venv=$(realpath -m "${CARGO_TARGET_DIR:-target}/interop-venv")
    python=$venv/bin/python
    has_aiosmtpd && return
    python3 -m venv --clear "$venv" || { install_packages python3-venv && python3 -m venv --clear "$venv"; } || return
    "$python" -m pip install --quiet --disable-pip-version-check "aiosmtpd==$aiosmtpd" && has_aiosmtpd
}

has_aiosmtpd() {
    [ -x "$python" ] && [ "$("$python" -c 'import aiosmtpd; print(aiosmtpd.__version__)' 2>/dev/null)" = "$aiosmtpd" ]
}

passed=0 failed=0
time_limit=20 # seconds for each program
total_limit=600 # seconds after which no further check begins, should everything hang

ok() {
    passed=$((passed + 1))
    echo "ok $1"
}

fail() {
    failed=$((failed + 1))
    echo "FAIL $1: $2"
}

# check NAME COMMAND...: prints one result. COMMAND passes with exit status 0. Otherwise its last line is the reason, and its
# whole output follows.
check() {
    local name=$1
    shift
    if [ $SECONDS -ge $total_limit ]; then
        fail "$name" "not begun, the checks before it took $total_limit seconds"
    elif "$@" >"$tmp/log" 2>&1; then
        ok "$name"
    else
        fail "$name" "$(grep -v '^[[:space:]]*$' "$tmp/log" | tail -n 1 | cut -c1-300)"
        tail -n 40 "$tmp/log" | cut -c1-200 | sed 's/^/    | /'
    fi
}

# exits STATUS COMMAND...: runs COMMAND, which must end in time and with STATUS.
exits() {
    local expected=$1 status=0
    shift
    timeout --kill-after=5 "$time_limit" "$@" || status=$?
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        echo "did not end within $time_limit seconds: ${1##*/}"
        return 1
    elif [ "$status" -ne "$expected" ]; then
        echo "exit status $status, expected $expected: ${1##*/}"
        return 1
    fi
}

# start COMMAND...: runs COMMAND in the background until it is stopped, by `stop` or at the end of the script. Sets $pid. Its
# output goes to $tmp/output. Lines of an earlier program are removed, so that its port is not used for the new one.
children=()
start() {
    rm -f "$tmp/output"
    : >"$tmp/output"
    "$@" >"$tmp/output" 2>&1 &
    pid=$!
    children+=("$pid")
}

# stop PID: ends a process of `start`.
stop() {
    local child kept=()
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    for child in "${children[@]}"; do
        [ "$child" = "$1" ] || kept+=("$child")
    done
    children=("${kept[@]}")
}

stop_all() {
    local child
    for child in "${children[@]}"; do
        kill "$child" 2>/dev/null
    done
    [ ${#children[@]} -eq 0 ] || wait "${children[@]}" 2>/dev/null
}

# await SECONDS COMMAND...: waits until COMMAND succeeds.
await() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

# Sets a free port for a program that cannot choose one itself: the next one from $first_port. The kernel chooses higher
# ports, and simultaneous runs have other ranges, so no other program takes it.
free_port() {
    local port=$first_port
    [ ! -e "$tmp/last_port" ] || port=$(($(<"$tmp/last_port") + 1))
    while grep -qi ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp; do port=$((port + 1)); done
    echo "$port" | tee "$tmp/last_port"
}

# listens PORT: succeeds if a program listens on 127.0.0.1. Does not connect, because a connection is a session of the server.
listens() {
    grep -qi "^ *[0-9]*: 0100007F:$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp
}

# announced PATTERN: waits until the last started program prints `listening on 127.0.0.1:PORT...` with PATTERN after the port.
# Sets $port.
announced() {
    port=$(sed -n "s/^listening on 127\.0\.0\.1:\([0-9]*\)$1\$/\1/p" "$tmp/output" | head -n 1)
    [ -n "$port" ]
}
