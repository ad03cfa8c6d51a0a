# Tests in which the example `send`, $send_bin, sends to real servers. Uses the functions of lib.sh.

# The meanings of the exit status of `send`.
accepted=0 permanent=1 temporary=75

send=("$send_bin" --tls none --helo client.example --from sender@client.example)
to=(--to to@example.org)
every="plain dots dot-end blank-end headers-only eight-bit long-lines no-final-line-end large"

### aiosmtpd

# at_aiosmtpd SENT COMMAND...: COMMAND succeeds, and aiosmtpd then has $messages/SENT.eml; $expect has more checks.
at_aiosmtpd() {
    local sent=$1
    shift
    exits $accepted "$@" && stored_by_aiosmtpd "$sent"
}

stored_by_aiosmtpd() {
    "$python" "$here/check_stored.py" "$tmp/aiosmtpd" --trace X-Mail --trace X-Rcpt+ --sent "$messages/$1.eml" "${expect[@]}"
}

# partly SENT STATUS COMMAND...: COMMAND ends with STATUS although the server accepted the message for some recipients.
partly() {
    local sent=$1 status=$2
    shift 2
    exits "$status" "$@" && stored_by_aiosmtpd "$sent"
}

expect=(--match '^X-Mail: <sender@client\.example>' --match '^X-Rcpt: <to@example\.org>$')
for kind in smtp lmtp; do
    lmtp=()
    [ $kind = smtp ] || lmtp=(--lmtp)
    start "$python" "$here/serve_aiosmtpd.py" "$tmp/aiosmtpd" "${lmtp[@]}"
    aiosmtpd=$pid
    if ! await 60 announced ""; then
        cat "$tmp/output"
        fail "aiosmtpd starts" "it does not say where it listens"
        return
    fi
    client=("${send[@]}" --server "127.0.0.1:$port" --timeout 10 "${lmtp[@]}")
    bounce=("$send_bin" --tls none --helo client.example --from '' --server "127.0.0.1:$port" --timeout 10 "${lmtp[@]}")

    for sent in $every; do
        check "to aiosmtpd, $kind: $sent" at_aiosmtpd "$sent" "${client[@]}" "${to[@]}" "$messages/$sent.eml"
    done
    check "to aiosmtpd, $kind: LF made CRLF" at_aiosmtpd plain "${client[@]}" "${to[@]}" "$messages/plain.lf"
    check "to aiosmtpd, $kind: from standard input" at_aiosmtpd plain "${client[@]}" "${to[@]}" <"$messages/plain.eml"
    check "to aiosmtpd, $kind: bare LF refused on request" exits $permanent "${client[@]}" "${to[@]}" --line-endings reject \
        "$messages/plain.lf"
    check "to aiosmtpd, $kind: several recipients" at_aiosmtpd plain "${client[@]}" "${to[@]}" --to other@example.org \
        "$messages/plain.eml"
    check "to aiosmtpd, $kind: a recipient refused" partly plain $permanent "${client[@]}" "${to[@]}" \
        --to refused@example.org "$messages/plain.eml"
    check "to aiosmtpd, $kind: a recipient to try later" partly plain $temporary "${client[@]}" "${to[@]}" \
        --to later@example.org "$messages/plain.eml"
    check "to aiosmtpd, $kind: every recipient refused" exits $permanent "${client[@]}" --to refused@example.org \
        "$messages/plain.eml"
    check "to aiosmtpd, $kind: every recipient to try later" exits $temporary "${client[@]}" --to later@example.org \
        "$messages/plain.eml"
    check "to aiosmtpd, $kind: the message to try later" exits $temporary "${client[@]}" --to full@example.org \
        "$messages/plain.eml"
    if [ $kind = lmtp ]; then
        check "to aiosmtpd, lmtp: a mailbox full, another not" partly plain $temporary "${client[@]}" \
            --to full@example.org "${to[@]}" "$messages/plain.eml"
    fi
    expect=(--match '^X-Mail: <sender@client\.example>.*\bSMTPUTF8\b' --match '^X-Rcpt: <jörg@example\.org>$')
    check "to aiosmtpd, $kind: SMTPUTF8" at_aiosmtpd utf8-header "${client[@]}" --to 'jörg@example.org' "$messages/utf8-header.eml"
    expect=(--match '^X-Mail: <> ?' --match '^X-Rcpt: <to@example\.org>$')
    check "to aiosmtpd, $kind: null reverse-path" at_aiosmtpd plain "${bounce[@]}" "${to[@]}" "$messages/plain.eml"
    expect=(--match '^X-Mail: <sender@client\.example>' --match '^X-Rcpt: <to@example\.org>$')
    stop "$aiosmtpd"
done

### Postfix

. "$here/postfix.sh"
expect=()
if start_postfix; then
    # at_postfix SENT MAILBOX COMMAND...: COMMAND succeeds, and Postfix then delivers $messages/SENT.eml to MAILBOX.
    at_postfix() {
        local sent=$1 mailbox=$2
        shift 2
        exits $accepted "$@" && delivered_by_postfix "$sent" "$mailbox"
    }

    partly_at_postfix() {
        local status=$1
        shift
        exits "$status" "$@" && delivered_by_postfix plain to
    }

    delivered_by_postfix() {
        "$python" "$here/check_stored.py" "$postfix/mail/$2" --lf --wait 60 --sent "$messages/$1.eml" \
            --trace Return-Path --trace X-Original-To --trace Delivered-To --trace Received \
            --match '^Return-Path: <sender@client\.example>$' --match '^Received: from client\.example ' "${expect[@]}"
    }

    client=("${send[@]}" --server "127.0.0.1:$postfix_port" --timeout 10)
    for sent in $every; do
        check "to Postfix: $sent" at_postfix "$sent" to "${client[@]}" "${to[@]}" "$messages/$sent.eml"
        check "to Postfix, BDAT: $sent" at_postfix "$sent" to "${client[@]}" "${to[@]}" --bdat "$messages/$sent.eml"
    done
    check "to Postfix, not pipelined" at_postfix plain to "${client[@]}" "${to[@]}" --no-pipelining "$messages/plain.eml"
    check "to Postfix: SMTPUTF8" at_postfix utf8-header utf8 "${client[@]}" --to 'jörg@example.org' "$messages/utf8-header.eml"
    several() {
        exits $accepted "${client[@]}" --to to@example.org --to other@example.org "$messages/plain.eml" &&
            delivered_by_postfix plain to && delivered_by_postfix plain other
    }
    check "to Postfix: several recipients" several
    check "to Postfix: a recipient refused" partly_at_postfix $permanent "${client[@]}" "${to[@]}" \
        --to unknown@example.org "$messages/plain.eml"
    check "to Postfix, BDAT: a recipient refused" partly_at_postfix $permanent "${client[@]}" "${to[@]}" --bdat \
        --to unknown@example.org "$messages/plain.eml"
    check "to Postfix: a recipient to try later" partly_at_postfix $temporary "${client[@]}" "${to[@]}" \
        --to later@example.org "$messages/plain.eml"
    for mode in "" --bdat --no-pipelining; do
        check "to Postfix${mode:+, $mode}: every recipient refused" exits $permanent "${client[@]}" $mode \
            --to unknown@example.org "$messages/plain.eml"
        check "to Postfix${mode:+, $mode}: every recipient to try later" exits $temporary "${client[@]}" $mode \
            --to later@example.org "$messages/plain.eml"
        check "to Postfix${mode:+, $mode}: relaying refused" exits $permanent "${client[@]}" $mode \
            --to somebody@elsewhere.example "$messages/plain.eml"
        check "to Postfix${mode:+, $mode}: too large" exits $permanent "${client[@]}" $mode "${to[@]}" "$messages/too-large.eml"
    done

    # under_tls KIND SENT ARGUMENTS...: the same under TLS of this KIND.
    under_tls() {
        local kind=$1 sent=$2 tls_port=$postfix_port
        shift 2
        [ "$kind" = starttls ] || [ "$kind" = opportunistic ] || tls_port=$postfix_tls_port
        with_tls=("$send_bin" --tls "$kind" --helo client.example --from sender@client.example --timeout 10
            --server "127.0.0.1:$tls_port" --ca "$tmp/mx.pem" --tls-name mx.example.org "${to[@]}" "$@")
        at_postfix "$sent" to "${with_tls[@]}" "$messages/$sent.eml"
    }
    # not_under_tls STATUS ARGUMENTS...: ends with STATUS, and Postfix has seen no MAIL.
    not_under_tls() {
        local status=$1
        shift
        : >"$postfix/log"
        exits "$status" "$send_bin" --helo client.example --from sender@client.example --timeout 10 "${to[@]}" "$@" \
            "$messages/plain.eml" && ! grep 'from=<sender@' "$postfix/log"
    }
    expect=(--match '^Received: .*\bwith ESMTPS\b')
    for kind in starttls implicit opportunistic; do
        for sent in plain dots large; do
            check "to Postfix, $kind: $sent" under_tls $kind "$sent"
            check "to Postfix, $kind, BDAT: $sent" under_tls $kind "$sent" --bdat
        done
    done
    for kind in "starttls $postfix_port" "implicit $postfix_tls_port" "opportunistic $postfix_port"; do
        check "to Postfix, ${kind% *}: not trusted" not_under_tls $temporary --tls "${kind% *}" \
            --server "127.0.0.1:${kind#* }" --ca "$tmp/other.pem" --tls-name mx.example.org
        check "to Postfix, ${kind% *}: another name" not_under_tls $temporary --tls "${kind% *}" \
            --server "127.0.0.1:${kind#* }" --ca "$tmp/mx.pem" --tls-name other.example.org
    done
    stop_postfix
fi

### smtp-sink: its dumps, and each failure that it can simulate

# with_sink OPTIONS COMMAND...: starts smtp-sink with these OPTIONS on $sink_port, and runs COMMAND.
with_sink() {
    local options=$1 status sink
    shift
    sink_port=$(free_port)
    # shellcheck disable=SC2086 # several options in one string
    start smtp-sink -u nobody $options "127.0.0.1:$sink_port" 100
    sink=$pid
    await 60 listens "$sink_port" || { cat "$tmp/output"; echo "smtp-sink does not start"; stop "$sink"; return 1; }
    "$@"
    status=$?
    stop "$sink"
    return $status
}

# fault STATUS ARGUMENTS...: `send` with ARGUMENTS ends with STATUS.
fault() {
    local status=$1
    shift
    exits "$status" "${send[@]}" --server "127.0.0.1:$sink_port" "$@"
}

# dumped SENT ARGUMENTS...: `send` with ARGUMENTS succeeds, and smtp-sink dumps $messages/SENT.eml; $expect has more checks.
dumped() {
    local sent=$1
    shift
    fault $accepted "$@" && dumped_already "$sent"
}

dumped_already() {
    local sent=$1
    "$python" "$here/check_stored.py" "$tmp/sink" --lf --trailer --wait 5 --sent "$messages/$sent.eml" \
        --trace X-Client-Addr --trace X-Client-Proto --trace X-Helo-Args --trace X-Mail-Args --trace X-Rcpt-Args+ \
        --trace Received --match '^X-Helo-Args: client\.example$' "${expect[@]}"
}

mkdir "$tmp/sink"
chown nobody "$tmp/sink"
dump="-d $tmp/sink/message."
message=$messages/plain.eml
some=(--timeout 10 "${to[@]}")

expect=(--match '^X-Client-Proto: ESMTP$' --match '^X-Mail-Args: <sender@client\.example>' --match '^X-Rcpt-Args: <to@example\.org>')
for sent in $every; do
    check "to smtp-sink: $sent" with_sink "$dump" dumped "$sent" "${some[@]}" "$messages/$sent.eml"
done
check "to smtp-sink, without PIPELINING" with_sink "$dump -p" dumped dots "${some[@]}" "$messages/dots.eml"
check "to smtp-sink, without enhanced status codes" with_sink "$dump -E" dumped plain "${some[@]}" "$message"
check "to smtp-sink, without DSN" with_sink "$dump -N" dumped plain "${some[@]}" "$message"
check "to smtp-sink, a small window and a pause" with_sink "$dump -T 2048 -H 2" dumped large "${some[@]}" "$messages/large.eml"
check "to smtp-sink, slow at DATA and at the dot" with_sink "$dump -w 1 -W .:1" dumped plain "${some[@]}" "$message"
expect=(--match '^X-Client-Proto: SMTP$')
check "to smtp-sink, without EHLO" with_sink "$dump -e" dumped plain "${some[@]}" "$message"
check "to smtp-sink, behind a PIX" with_sink "$dump -P" dumped dots "${some[@]}" "$messages/dots.eml"
expect=(--match '^X-Client-Proto: LMTP$')
check "to smtp-sink, LMTP" with_sink "$dump -L" dumped plain "${some[@]}" --lmtp --to other@example.org "$message"
expect=(--match '^X-Mail-Args: .* RET=HDRS\b' --match '^X-Mail-Args: .* ENVID=id-1\b'
    --match '^X-Rcpt-Args: <to@example\.org> .*NOTIFY=SUCCESS,FAILURE\b')
check "to smtp-sink, DSN" with_sink "$dump" dumped plain "${some[@]}" --dsn-notify success,failure --dsn-ret hdrs \
    --dsn-envid id-1 "$message"
expect=(--match '^X-Rcpt-Args: <to1@example\.org>' --match '^X-Rcpt-Args: <to500@example\.org>')
mapfile -t many < <(seq -f '--to=to%.0f@example.org' 500)
check "to smtp-sink, 500 recipients" with_sink "$dump" dumped plain --timeout 10 "${many[@]}" "$message"
check "to smtp-sink, 500 recipients, a small window" with_sink "$dump -T 2048" dumped plain --timeout 10 "${many[@]}" "$message"

check "8-bit text where 8BITMIME is not offered" with_sink "-8" fault $permanent "${some[@]}" "$messages/eight-bit.eml"
check "8-bit text where EHLO is not known" with_sink "-e" fault $permanent "${some[@]}" "$messages/eight-bit.eml"
check "a UTF-8 address where SMTPUTF8 is not offered" with_sink "" fault $permanent --timeout 10 --to 'jörg@example.org' "$message"

expect=()
for command in CONNECT EHLO MAIL RCPT DATA .; do
    check "connection lost at $command" with_sink "-q $command" fault $temporary "${some[@]}" "$message"
    check "421 at $command" with_sink "-Q $command" fault $temporary "${some[@]}" "$message"
    check "4yz at $command" with_sink "-r $command" fault $temporary "${some[@]}" "$message"
    # While smtp-sink delays a reply, it replies to the following commands first. No client can match such replies, so these
    # two tests send one command at a time.
    time_limit=10 check "no answer to $command" \
        with_sink "-W $command:60" fault $temporary --no-pipelining --timeout 1 "${to[@]}" "$message"
    check "late answer to $command" \
        with_sink "$dump -W $command:1" dumped plain --no-pipelining "${some[@]}" "$message"
done
for command in CONNECT MAIL RCPT DATA .; do
    check "5yz at $command" with_sink "-f $command" fault $permanent "${some[@]}" "$message"
done
for command in MAIL RCPT DATA .; do
    check "4yz at $command, LMTP" with_sink "-L -r $command" fault $temporary --lmtp "${some[@]}" "$message"
    check "5yz at $command, LMTP" with_sink "-L -f $command" fault $permanent --lmtp "${some[@]}" "$message"
    check "421 at $command, LMTP" with_sink "-L -Q $command" fault $temporary --lmtp "${some[@]}" "$message"
    check "connection lost at $command, LMTP" with_sink "-L -q $command" fault $temporary --lmtp "${some[@]}" "$message"
done
check "5yz at EHLO: HELO instead" with_sink "$dump -f EHLO" dumped plain "${some[@]}" "$message"
check "5yz at EHLO and HELO" with_sink "-f EHLO,HELO" fault $permanent "${some[@]}" "$message"
check "550 before the end of the message" with_sink "-A 0" fault $permanent "${some[@]}" "$message"
# An accepted message stays accepted, however the connection ends.
check "connection lost at QUIT" with_sink "$dump -q QUIT" dumped plain "${some[@]}" "$message"
check "421 at QUIT" with_sink "$dump -Q QUIT" dumped plain "${some[@]}" "$message"
check "4yz at QUIT" with_sink "$dump -r QUIT" dumped plain "${some[@]}" "$message"
check "5yz at QUIT" with_sink "$dump -f QUIT" dumped plain "${some[@]}" "$message"
time_limit=10 check "no answer to QUIT" with_sink "$dump -W QUIT:60" dumped plain --timeout 1 "${to[@]}" "$message"

# secured STATUS TLS COMMAND...: COMMAND ends with STATUS because the server has no TLS, and smtp-sink dumps nothing.
secured() {
    exits "$1" "$send_bin" --tls "$2" --ca "$tmp/mx.pem" --tls-name mx.example.org --helo client.example --timeout 5 \
        --from sender@client.example --server "127.0.0.1:$sink_port" "${to[@]}" "$message" &&
        "$python" "$here/check_stored.py" "$tmp/sink" --sent /dev/null --count 0
}
check "TLS is required and not offered" with_sink "$dump" secured $temporary starttls
time_limit=10 check "TLS first, to somebody who does not speak it" with_sink "$dump" secured $temporary implicit
opportunistic() {
    exits $accepted "$send_bin" --tls opportunistic --ca "$tmp/mx.pem" --helo client.example --tls-name mx.example.org \
        --from sender@client.example --timeout 10 --server "127.0.0.1:$sink_port" "${to[@]}" "$message" && dumped_already plain
}
check "opportunistic TLS where it is not offered" with_sink "$dump" opportunistic

sink_port=$(free_port)
check "nobody listens" fault $temporary "${some[@]}" "$message"
