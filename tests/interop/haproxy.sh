# An HAProxy of our own, in front of a server that expects PROXY headers.

# Starts HAProxy in front of port $1: on $haproxy_port with headers of version 2, on $haproxy_v1_port with headers of version
# 1. Both accept a header from their own clients, so that a test can choose the address of a client.
start_haproxy() {
    haproxy_port=$(free_port) haproxy_v1_port=$(free_port)
    cat >"$tmp/haproxy.conf" <<CONF
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen version2
    bind 127.0.0.1:$haproxy_port accept-proxy
    server ours 127.0.0.1:$1 send-proxy-v2
listen version1
    bind 127.0.0.1:$haproxy_v1_port accept-proxy
    server ours 127.0.0.1:$1 send-proxy
CONF
    start haproxy -db -f "$tmp/haproxy.conf"
    haproxy_pid=$pid
    if ! await 60 listens "$haproxy_port"; then
        cat "$tmp/output"
        fail "HAProxy starts" "see above"
        return 1
    fi
    ok "HAProxy starts"
}
