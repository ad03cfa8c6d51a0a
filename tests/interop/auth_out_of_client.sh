# Tests in which the example `send` logs in to real servers. Uses the functions of lib.sh and out_of_client.sh.

account=alice password='open sesame'
send=("$send_bin" --helo client.example --timeout 10 --from sender@client.example --to to@example.org --ca "$tmp/mx.pem"
    --tls-name mx.example.org)
message=$messages/plain.eml

# not_accepted COMMAND...: COMMAND ends in time, and prints that the message was not accepted.
not_accepted() {
    local status=0
    timeout --kill-after=5 "$time_limit" "$@" || status=$?
    [ $status -eq $permanent ] || [ $status -eq $temporary ] || { echo "exit status $status"; return 1; }
}

### aiosmtpd, which requires LOGIN or PLAIN under TLS

start "$python" "$here/serve_aiosmtpd.py" "$tmp/aiosmtpd" --login "$tmp/mx.pem" "$tmp/mx.key" "$account" "$password"
aiosmtpd=$pid
if ! await 60 announced ""; then
    cat "$tmp/output"
    fail "aiosmtpd with AUTH starts" "it does not say where it listens"
    return
fi
aiosmtpd_has() {
    "$python" "$here/check_stored.py" "$tmp/aiosmtpd" "$@"
}
login_at_aiosmtpd() {
    exits $accepted "$@" && aiosmtpd_has --sent "$message" --trace X-Login --trace X-Mail --trace X-Rcpt --match "^X-Login: $account\$"
}
no_login_at_aiosmtpd() {
    "$@" && aiosmtpd_has --sent /dev/null --count 0
}
client=("${send[@]}" --tls starttls --server "127.0.0.1:$port" "$message")
for mechanism in LOGIN PLAIN; do
    check "to aiosmtpd, $mechanism" login_at_aiosmtpd "${client[@]}" --user "$account" --password "$password" --auth $mechanism
    check "to aiosmtpd, $mechanism: wrong password" no_login_at_aiosmtpd exits $permanent "${client[@]}" --user "$account" \
        --password wrong --auth $mechanism
    check "to aiosmtpd, $mechanism: no login now" no_login_at_aiosmtpd exits $temporary "${client[@]}" --user later \
        --password "$password" --auth $mechanism
done
check "to aiosmtpd: the strongest mechanism" login_at_aiosmtpd "${client[@]}" --user "$account" --password "$password"
check "to aiosmtpd: a mechanism that is not offered" no_login_at_aiosmtpd not_accepted "${client[@]}" --user "$account" \
    --password "$password" --auth SCRAM-SHA-256
check "to aiosmtpd: no login" no_login_at_aiosmtpd exits $permanent "${client[@]}"
stop "$aiosmtpd"

### Postfix, with Dovecot for authentication

. "$here/postfix.sh"
. "$here/dovecot.sh"
start_dovecot && start_postfix || return

# login_at_postfix MECHANISM NAME KIND COMMAND...: COMMAND sends the plain message, and Postfix delivers it with the protocol
# KIND. NAME has logged in by MECHANISM.
login_at_postfix() {
    local mechanism=$1 user=$2 kind=$3
    shift 3
    : >"$postfix/log"
    exits $accepted "$@" &&
        "$python" "$here/check_stored.py" "$postfix/mail/to" --lf --wait 60 --sent "$message" \
            --trace Return-Path --trace X-Original-To --trace Delivered-To --trace Received \
            --match "^Received: .*\(Authenticated sender: $user\) .*\bwith $kind\b" &&
        { grep "sasl_method=$mechanism, sasl_username=$user" "$postfix/log" || { cat "$postfix/log"; echo "not by $mechanism"; return 1; }; }
}

# no_login_at_postfix COMMAND...: COMMAND succeeds, and Postfix has queued nothing.
no_login_at_postfix() {
    : >"$postfix/log"
    "$@" && ! grep 'postfix/qmgr.*from=<sender@' "$postfix/log" && [ -z "$(find "$postfix/queue/"{maildrop,incoming,active,deferred} -type f)" ]
}

client=("${send[@]}" --tls starttls --server "127.0.0.1:$postfix_submission_port" "$message")
for login in "PLAIN plain" "PLAIN sha512-crypt" "LOGIN plain" "LOGIN sha512-crypt" "CRAM-MD5 plain" "CRAM-MD5 cram-md5" \
    "SCRAM-SHA-1 plain" "SCRAM-SHA-1 scram-sha-1" "SCRAM-SHA-256 plain" "SCRAM-SHA-256 scram-sha-256"; do
    mechanism=${login% *} user=${login#* }
    check "to Postfix, $mechanism, stored as $user" login_at_postfix $mechanism $user ESMTPSA "${client[@]}" \
        --user $user --password "$password" --auth $mechanism
    check "to Postfix, $mechanism, stored as $user: wrong password" no_login_at_postfix exits $permanent "${client[@]}" \
        --user $user --password wrong --auth $mechanism
done
for mechanism in XOAUTH2 OAUTHBEARER; do
    check "to Postfix, $mechanism" login_at_postfix $mechanism bearer ESMTPSA "${client[@]}" --user bearer --password "$bearer" \
        --auth $mechanism
    check "to Postfix, $mechanism: wrong token" no_login_at_postfix exits $permanent "${client[@]}" --user bearer \
        --password "${bearer%?}" --auth $mechanism
done
check "to Postfix: the strongest mechanism" login_at_postfix SCRAM-SHA-256 plain ESMTPSA "${client[@]}" --user plain \
    --password "$password"
check "to Postfix: no such user" no_login_at_postfix exits $permanent "${client[@]}" --user nobody --password "$password"
check "to Postfix: no login" no_login_at_postfix exits $permanent "${client[@]}"
client=("${send[@]}" --server "127.0.0.1:$postfix_open_submission_port" --tls none "$message" --user plain --password "$password")
check "to Postfix: no login in plaintext" no_login_at_postfix exits 64 "${client[@]}"
check "to Postfix: login in plaintext on request" login_at_postfix SCRAM-SHA-256 plain ESMTPA "${client[@]}" --insecure-auth

dovecot_gone() {
    stop_dovecot
    client=("${send[@]}" --tls starttls --server "127.0.0.1:$postfix_submission_port" "$message")
    no_login_at_postfix exits $temporary "${client[@]}" --user plain --password "$password"
}
check "to Postfix: nobody there to ask" dovecot_gone
stop_postfix
