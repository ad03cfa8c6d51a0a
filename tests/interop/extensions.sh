# Tests of rare extensions, and of a server behind a proxy: swaks, HAProxy, Postfix and Exim with the examples, in both
# directions. Uses the functions of lib.sh.

. "$here/haproxy.sh"
. "$here/exim.sh"

maildir=$tmp/extensions
start sh -c 'exec "$@" 2>"$0"' "$tmp/extensions.log" "$server_bin" --listen 127.0.0.1:0 --listen-proxy 127.0.0.1:0 --proxy-from 127.0.0.1 --xclient 127.0.0.1 --xclient 192.0.2.7 \
    --hostname mx.example.org --maildir "$maildir" --domain example.org --domain sent.example --max-connections-per-peer 2 \
    --cert "$tmp/mx.pem" --key "$tmp/mx.key" --user ann:pencil --prdr --etrn
extended=$pid
if await 60 announced " (smtp)" && extended_port=$port && await 60 announced " (proxy)" && proxy_port=$port; then
    ok "server starts, with a listener behind a proxy"
else
    cat "$tmp/output"
    fail "server starts, with a listener behind a proxy" "no line 'listening on 127.0.0.1:PORT (smtp)' and '(proxy)' within 60 seconds"
    return
fi

# stored_from ADDRESS COMMAND...: COMMAND sends the plain message, which is then stored with this address in Received.
stored_from() {
    local address=$1
    shift
    exits 0 "$@" && received "from [^ ]+ \(\[$address\]\) by mx\.example\.org "
}

send=("$send_bin" --tls none --helo client.example --from sender@client.example)

# received REGEX [COPIES]: the plain message is in the Maildir, with a matching Received field.
received() {
    "$python" "$here/check_stored.py" "$maildir" --wait 60 --count "${2:-1}" --sent "$messages/plain.eml" --trace Return-Path --trace Received+ \
        --match "^Received: $1"
}

### Behind a proxy

swaks=(swaks --helo client.example --from sender@client.example --to to@example.org --data "@$messages/plain.open")
header=(--server "127.0.0.1:$proxy_port" --proxy-source-port 4711 --proxy-dest-port 25)
version1=("${header[@]}" --proxy-version 1)
version2=("${header[@]}" --proxy-version 2 --proxy-protocol STREAM --proxy-command PROXY)
four=(--proxy-source 192.0.2.7 --proxy-dest 127.0.0.1)
six=(--proxy-source 2001:db8::7 --proxy-dest ::1)
check "swaks: PROXY version 1, IPv4" stored_from '192\.0\.2\.7' "${swaks[@]}" "${version1[@]}" --proxy-family TCP4 "${four[@]}"
check "swaks: PROXY version 1, IPv6" stored_from 'IPv6:2001:db8::7' "${swaks[@]}" "${version1[@]}" --proxy-family TCP6 "${six[@]}"
check "swaks: PROXY version 2, IPv4" stored_from '192\.0\.2\.7' "${swaks[@]}" "${version2[@]}" --proxy-family AF_INET "${four[@]}"
check "swaks: PROXY version 2, IPv6" stored_from 'IPv6:2001:db8::7' "${swaks[@]}" "${version2[@]}" --proxy-family AF_INET6 "${six[@]}"
check "swaks: PROXY version 2, STARTTLS" stored_from '192\.0\.2\.7' "${swaks[@]}" "${version2[@]}" --proxy-family AF_INET "${four[@]}" --tls
# The exit status of swaks is 21 if no greeting arrives, and 6 if the connection is closed.
no_header() {
    local status=0
    timeout "$time_limit" "${swaks[@]}" --server "127.0.0.1:$proxy_port" --timeout 10 || status=$?
    [ $status -eq 21 ] || [ $status -eq 6 ] || { echo "exit status $status: a session without a header"; return 1; }
}
check "swaks: no PROXY header where one is due" no_header

check "send: PROXY version 1" stored_from '127\.0\.0\.1' "${send[@]}" --to to@example.org \
    --server "127.0.0.1:$proxy_port" --proxy v1 "$messages/plain.eml"
check "send: PROXY version 2" stored_from '127\.0\.0\.1' "${send[@]}" --to to@example.org \
    --server "127.0.0.1:$proxy_port" --proxy v2 "$messages/plain.eml"

if start_haproxy "$proxy_port"; then
    # HAProxy accepts a PROXY header from its client, so the client can have any address.
    for version in 1 2; do
        front=$haproxy_port
        [ $version = 2 ] || front=$haproxy_v1_port
        check "HAProxy, PROXY version $version: the client's address" stored_from '192\.0\.2\.9' "${swaks[@]}" \
            --server "127.0.0.1:$front" --proxy-version 1 --proxy-family TCP4 --proxy-source 192.0.2.9 --proxy-source-port 4712 \
            --proxy-dest 127.0.0.1 --proxy-dest-port 25
        check "HAProxy, PROXY version $version: limits count the client" "$python" "$here/count_greetings.py" "$front" 2
    done
    stop "$haproxy_pid"
fi

### XCLIENT and XFORWARD

check "swaks: XCLIENT" stored_from '192\.0\.2\.8' "${swaks[@]}" --server "127.0.0.1:$extended_port" --xclient-addr 192.0.2.8 \
    --xclient-name real.example --xclient-helo real.example --xclient-proto ESMTP
to_us=("${swaks[@]}" --server "127.0.0.1:$extended_port")
check "swaks: XCLIENT, IPv6" stored_from 'IPv6:2001:db8::8' "${to_us[@]}" --xclient-addr IPV6:2001:db8::8
check "swaks: XCLIENT twice" stored_from '192\.0\.2\.8' "${to_us[@]}" --xclient-addr 192.0.2.8 --xclient-delim --xclient-name '[UNAVAILABLE]'
check "swaks: XCLIENT after STARTTLS" stored_from '192\.0\.2\.8' "${to_us[@]}" --tls --xclient-addr 192.0.2.8
check "swaks: XCLIENT before STARTTLS" stored_from '192\.0\.2\.8' "${to_us[@]}" --tls --xclient-before-starttls --xclient-addr 192.0.2.8
logged_in() {
    exits 0 "${to_us[@]}" --xclient-login ann && received "from .* with ESMTPA\b"
}
check "swaks: XCLIENT with a login" logged_in
check "send: XCLIENT" stored_from '192\.0\.2\.8' "${send[@]}" --to to@example.org --server "127.0.0.1:$extended_port" --xclient ADDR=192.0.2.8 HELO=real.example -- "$messages/plain.eml"

### ETRN

if command -v fetchmail >/dev/null || install_packages fetchmail; then
    # etrn STATUS NAME: fetchmail asks the example server to start the queue for NAME. Its status is 0 for an acceptance, 3
    # for a refusal.
    etrn() {
        mkdir -p "$tmp/fetchmail" && : >"$tmp/fetchmail/rc" && chmod 700 "$tmp/fetchmail" "$tmp/fetchmail/rc"
        HOME=$tmp/fetchmail exits "$1" fetchmail --fetchmailrc "$tmp/fetchmail/rc" --nosyslog --protocol ETRN --service "$extended_port" \
            --smtphost client.example --fetchdomains "$2" --sslproto '' 127.0.0.1
    }
    check "fetchmail: ETRN" etrn 0 example.org
    check "fetchmail: ETRN for a stranger's domain" etrn 3 elsewhere.example
fi

### Postfix

. "$here/postfix.sh"
if start_postfix "$extended_port"; then
    at_postfix() {
        exits 0 "$@" && "$python" "$here/check_stored.py" "$postfix/mail/to" --lf --wait 60 --sent "$messages/plain.eml" \
            --trace Return-Path --trace X-Original-To --trace Delivered-To --trace Received \
            --match '^Received: from client\.example \(real\.example \[192\.0\.2\.8\]\)'
    }
    to_postfix=("${send[@]}" --server "127.0.0.1:$postfix_proxied_port")
    check "to Postfix, XCLIENT" at_postfix "${to_postfix[@]}" --to to@example.org \
        --xclient ADDR=192.0.2.8 NAME=real.example HELO=real.example PROTO=ESMTP -- "$messages/plain.eml"

    check "to Postfix, ETRN" exits 0 "$etrn_bin" "127.0.0.1:$postfix_port" client.example sent.example
    check "to Postfix, ETRN for a stranger's domain" exits 1 "$etrn_bin" "127.0.0.1:$postfix_port" client.example elsewhere.example

    # Postfix relays the message to the example server, and names its client by XFORWARD.
    check "from Postfix, XFORWARD" exits 0 "${to_postfix[@]}" --to one@sent.example --xclient ADDR=192.0.2.8 HELO=real.example -- \
        "$messages/plain.eml"
    check "from Postfix, XFORWARD: stored" received "from mx\.example\.org "
    check "from Postfix, XFORWARD: noted" grep -q '^passed on by .*ADDR=192\.0\.2\.8.* HELO=client\.example' "$tmp/extensions.log"
    stop_postfix
fi

### Exim

if install_exim && start_exim "$extended_port"; then
    at_exim() {
        exits 0 "$@" && "$python" "$here/check_stored.py" "$exim/mail" --lf --wait 60 --sent "$messages/plain.eml" --trace Return-Path \
            --trace Received
    }
    to_exim=("${send[@]}" --server "127.0.0.1:$exim_port")
    through=("${send[@]}" --server "127.0.0.1:$exim_proxy_port" --to to@example.org)
    check "to Exim" at_exim "${to_exim[@]}" --to to@example.org "$messages/plain.eml"
    check "to Exim, BDAT" at_exim "${to_exim[@]}" --to to@example.org --bdat "$messages/plain.eml"
    check "to Exim, PROXY version 1" at_exim "${through[@]}" --proxy v1 "$messages/plain.eml"
    check "to Exim, PROXY version 2" at_exim "${through[@]}" --proxy v2 "$messages/plain.eml"
    check "to Exim, ETRN" exits 0 "$etrn_bin" "127.0.0.1:$exim_port" client.example '#example.org'
    check "to Exim, ETRN: its command ran" await 60 [ -e "$exim/spool/etrn" ]
    check "Exim notes the proxy" grep -q 'PRX=127\.0\.0\.1' "$exim/log/mainlog"

    # Exim refuses the content for one of three recipients. The others get it, and `send` prints the refusal.
    prdr_to_exim() {
        local status=0
        timeout "$time_limit" "${to_exim[@]}" --prdr --to to@example.org --to refused@example.org --to other@example.org \
            "$messages/plain.eml" >"$tmp/prdr.out" 2>&1 || status=$?
        grep -q 'refused@example.org.*content refused for refused' "$tmp/prdr.out" && grep -q 'to@example.org.*250' "$tmp/prdr.out" ||
            { cat "$tmp/prdr.out"; echo "exit status $status"; return 1; }
    }
    check "to Exim, PRDR" prdr_to_exim

    # Exim relays the message to the example server, with PRDR and two recipients.
    check "from Exim, PRDR" exits 0 "${to_exim[@]}" --to one@sent.example --to two@sent.example "$messages/plain.eml"
    check "from Exim, PRDR: a copy for each recipient" received "from exim\.example\.org " 2
    check "from Exim, PRDR: used" await 60 grep -q ' => one.* PRDR' "$exim/log/mainlog"
    stop_exim
else
    fail "Exim can be installed" "see above"
fi

stop "$extended"
