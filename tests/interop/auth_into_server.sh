# Tests in which real clients log in to the example `server`. Uses the functions of lib.sh and into_server.sh.

maildir=$tmp/auth
account=alice password='open: sesame' token=tok.en-~+/12==

server=("$server_bin" --listen 127.0.0.1:0 --hostname mx.example.org --maildir "$maildir" --domain example.org
    --user "$account:$password" --user "jörg:Straße" --user "c,d=e:$password" --token "$account:$token")

### Submission: under TLS, and for users only

start "${server[@]}" --listen-tls 127.0.0.1:0 --cert "$tmp/mx.pem" --key "$tmp/mx.key" --require-auth
submission=$pid
if ! { await 60 announced " (smtp)" && smtp_port=$port && await 60 announced " (smtps)" && smtps_port=$port; }; then
    cat "$tmp/output"
    fail "server with users starts" "no line 'listening on 127.0.0.1:PORT (smtp)' and '(smtps)' within 60 seconds"
    return
fi

swaks=(swaks --helo client.example --from sender@client.example --to to@example.org --data "@$messages/plain.open")
swaks_in=(--auth-user "$account" --auth-password "$password")
swaks_wrong=(--auth-user "$account" --auth-password "wrong")
for kind in "--tls $smtp_port" "--tlsc $smtps_port"; do
    at=("${swaks[@]}" "${kind% *}" --server "127.0.0.1:${kind#* }")
    # swaks ends with 28 when AUTH fails, with 23 when MAIL is refused, and with 24 when every recipient is.
    for mechanism in PLAIN LOGIN CRAM-MD5; do
        check "swaks ${kind% *}, $mechanism" stored plain ESMTPSA 1 "${at[@]}" --auth $mechanism "${swaks_in[@]}"
        check "swaks ${kind% *}, $mechanism: wrong password" refused 28 "${at[@]}" --auth $mechanism "${swaks_wrong[@]}"
    done
    check "swaks ${kind% *}: no login" refused 23 "${at[@]}"
    check "swaks ${kind% *}: no such user" refused 28 "${at[@]}" --auth PLAIN --auth-user nobody --auth-password "$password"
    check "swaks ${kind% *}: relayed for a user" stored plain ESMTPSA 1 "${at[@]}" --to to@elsewhere.example --auth PLAIN \
        "${swaks_in[@]}"
done
check "swaks: AUTH is not offered in plaintext" refused 28 "${swaks[@]}" --server "127.0.0.1:$smtp_port" --auth PLAIN "${swaks_in[@]}"
check "swaks: no mail in plaintext" refused 23 "${swaks[@]}" --server "127.0.0.1:$smtp_port"

# in_plaintext COMMAND...: sends the COMMANDs in plaintext, each after the reply to the one before. Each is refused permanently.
in_plaintext() {
    "$python" - "$smtp_port" "$@" <<'END'
import smtplib, sys
client = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), local_hostname="client.example", timeout=20)
client.ehlo()
if client.has_extn("auth"):
    sys.exit("AUTH is offered")
for command in sys.argv[2:]:
    code, text = client.docmd(command)
    if not 500 <= code <= 599:
        sys.exit(f"{command} was answered {code} {text!r}")
END
}
plain=$(printf '\0%s\0%s' "$account" "$password" | base64 --wrap=0)
check "smtplib: AUTH is refused in plaintext" in_plaintext "AUTH PLAIN $plain" "AUTH PLAIN" "AUTH LOGIN" "AUTH CRAM-MD5" \
    "AUTH SCRAM-SHA-256" "MAIL FROM:<sender@client.example>"

curl=(curl --silent --show-error --max-time 20 --mail-from sender@client.example --upload-file "$messages/plain.eml"
    --cacert "$tmp/mx.pem" --resolve "mx.example.org:$smtp_port:127.0.0.1" --resolve "mx.example.org:$smtps_port:127.0.0.1")
mechanisms="PLAIN LOGIN CRAM-MD5"
! curl --version | grep -qw gsasl || mechanisms+=" SCRAM-SHA-1 SCRAM-SHA-256"
for url in "smtp://mx.example.org:$smtp_port/client.example" "smtps://mx.example.org:$smtps_port/client.example"; do
    at=("${curl[@]}" --ssl-reqd "$url" --mail-rcpt to@example.org)
    # curl ends with 67 when AUTH fails, and with 55 when a command is refused.
    for mechanism in $mechanisms; do
        check "curl ${url%%:*}, $mechanism" stored plain ESMTPSA 1 "${at[@]}" --login-options AUTH=$mechanism \
            --user "$account:$password"
        check "curl ${url%%:*}, $mechanism: wrong password" refused 67 "${at[@]}" --login-options AUTH=$mechanism \
            --user "$account:wrong"
    done
    for mechanism in XOAUTH2 OAUTHBEARER; do
        check "curl ${url%%:*}, $mechanism" stored plain ESMTPSA 1 "${at[@]}" --login-options AUTH=$mechanism \
            --user "$account:" --oauth2-bearer "$token"
        check "curl ${url%%:*}, $mechanism: wrong token" refused 67 "${at[@]}" --login-options AUTH=$mechanism \
            --user "$account:" --oauth2-bearer wrong
    done
    check "curl ${url%%:*}: the mechanism that it likes best" stored plain ESMTPSA 1 "${at[@]}" --user "$account:$password"
    check "curl ${url%%:*}: no login" refused 55 "${at[@]}"
done

# msmtp ends with 77 when AUTH fails, and with 65 when MAIL is refused.
msmtp=(msmtp --host=127.0.0.1 --domain=client.example --tls-certcheck=off --from=sender@client.example to@example.org)
msmtp_in=(--user="$account" --passwordeval="echo '$password'")
msmtp_bearer=(--user="$account" --passwordeval="echo '$token'")
msmtp_wrong=(--user="$account" --passwordeval="echo wrong")
has=$(msmtp --version | sed -n '/^Supported authentication methods/{n;p}')
plain_lf=$messages/plain.lf
for kind in "on $smtp_port" "off $smtps_port"; do
    at=("${msmtp[@]}" --tls=on --tls-starttls="${kind% *}" --port="${kind#* }")
    under="msmtp, STARTTLS ${kind% *}"
    for method in plain login cram-md5 scram-sha-1 scram-sha-256 scram-sha-1-plus scram-sha-256-plus; do
        [[ " $has " == *" $method "* ]] || continue
        check "$under, $method" stored plain ESMTPSA 1 "${at[@]}" --auth=$method "${msmtp_in[@]}" <"$plain_lf"
        check "$under, $method: wrong password" refused 77 "${at[@]}" --auth=$method "${msmtp_wrong[@]}" <"$plain_lf"
    done
    for method in xoauth2 oauthbearer; do
        check "$under, $method" stored plain ESMTPSA 1 "${at[@]}" --auth=$method "${msmtp_bearer[@]}" <"$plain_lf"
        check "$under, $method: wrong token" refused 77 "${at[@]}" --auth=$method "${msmtp_wrong[@]}" <"$plain_lf"
    done
    check "$under: the method that it likes best" stored plain ESMTPSA 1 "${at[@]}" --auth=on "${msmtp_in[@]}" <"$plain_lf"
    check "$under: no login" refused 65 "${at[@]}" --auth=off <"$plain_lf"
    for method in plain scram-sha-1 scram-sha-256; do
        check "$under, $method: not ASCII" stored plain ESMTPSA 1 "${at[@]}" --auth=$method --user=jörg \
            --passwordeval="echo Straße" <"$plain_lf"
        check "$under, $method: comma and equals sign" stored plain ESMTPSA 1 "${at[@]}" --auth=$method "${msmtp_in[@]}" \
            --user=c,d=e <"$plain_lf"
    done
done

smtplib=("$python" "$here/send_smtplib.py" 127.0.0.1)
for kind in "--starttls $smtp_port" "--tls $smtps_port"; do
    at=("${smtplib[@]}" "${kind#* }" "$messages/plain.eml" "${kind% *}" "$tmp/mx.pem")
    for mechanism in PLAIN LOGIN CRAM-MD5; do
        check "smtplib ${kind% *}, $mechanism" stored plain ESMTPSA 1 "${at[@]}" --login "$account:$password" --mechanism $mechanism
        check "smtplib ${kind% *}, $mechanism, no initial response" stored plain ESMTPSA 1 "${at[@]}" \
            --login "$account:$password" --mechanism $mechanism --no-initial-response
        check "smtplib ${kind% *}, $mechanism: wrong password" refused 0 "${at[@]}" --login "$account:wrong" \
            --mechanism $mechanism --expect-login 535
    done
done

# gsasl is the only client with channel binding; it only logs in. With --no-cb it does not use channel binding.
gsasl=(gsasl --smtp --starttls --x509-ca-file= --quiet --connect "127.0.0.1:$smtp_port"
    --authentication-id="$account")
for mechanism in SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5; do
    at=("${gsasl[@]}" --mechanism=$mechanism)
    [[ $mechanism == *PLUS ]] || at+=(--no-cb)
    check "gsasl, $mechanism" exits 0 "${at[@]}" --password="$password"
    check "gsasl, $mechanism: wrong password" exits 1 "${at[@]}" --password=wrong
done
for mechanism in SCRAM-SHA-256-PLUS PLAIN; do
    at=("${gsasl[@]}" --mechanism=$mechanism --password="$password")
    check "gsasl, $mechanism: as who it is" exits 0 "${at[@]}" --authorization-id="$account"
    check "gsasl, $mechanism: as somebody else" exits 1 "${at[@]}" --authorization-id=jörg
done

# by_hand TEXT CODE ...: sends each line TEXT under TLS; the reply has the CODE.
by_hand() {
    local line='' client status=0
    coproc TLS { exec timeout "$time_limit" openssl s_client -quiet -starttls smtp -CAfile "$tmp/mx.pem" \
        -verify_return_error -verify_hostname mx.example.org -connect "127.0.0.1:$smtp_port" 2>/dev/null; }
    client=$TLS_PID
    exec 3<&"${TLS[0]}" 4>&"${TLS[1]}"
    while [ $# -gt 0 ]; do
        echo "> $1"
        printf '%s\r\n' "$1" >&4
        while read -r -t "$time_limit" line <&3 && echo "< $line" && [ "${line:3:1}" = - ]; do :; done
        [ "${line:0:3}" = "$2" ] || { echo "$1 was answered $line, expected $2"; status=1; break; }
        shift 2
    done
    exec 3<&- 4>&-
    kill "$client" 2>/dev/null
    wait "$client" 2>/dev/null
    return $status
}
stored_by_hand() {
    by_hand "$@" && check_maildir --sent "$messages/plain.eml" --match "^Received: .*\bwith ESMTPSA\b"
}
message="$(cat "$messages/plain.eml")"$'\n'. # without its last CR LF: by_hand adds that after the dot
wrong=$(printf '\0%s\0wrong' "$account" | base64 --wrap=0)
other=$(printf 'jörg\0%s\0%s' "$account" "$password" | base64 --wrap=0)
check "openssl: AUTH PLAIN by hand" stored_by_hand "EHLO client.example" 250 "AUTH PLAIN $plain" 235 \
    "MAIL FROM:<sender@client.example> AUTH=<>" 250 "RCPT TO:<to@elsewhere.example>" 250 DATA 354 "$message" 250 QUIT 221
check "openssl: what a user may not say" by_hand "EHLO client.example" 250 "MAIL FROM:<sender@client.example>" 530 \
    "AUTH NO-SUCH-THING" 504 "AUTH PLAIN" 334 '*' 501 "AUTH PLAIN !" 501 "AUTH PLAIN" 334 '!' 501 "AUTH PLAIN $wrong" 535 QUIT 221
check "openssl: as somebody else" by_hand "EHLO client.example" 250 "AUTH PLAIN $other" 535 \
    "MAIL FROM:<sender@client.example>" 530 QUIT 221
check "openssl: no second login" by_hand "EHLO client.example" 250 "AUTH plain" 334 "$plain" 235 "AUTH PLAIN $plain" 503 \
    "EHLO client.example" 250 "AUTH PLAIN $plain" 503 "MAIL FROM:<sender@client.example>" 250 QUIT 221

send=("$send_bin" --helo client.example --timeout 10 --from sender@client.example --to to@elsewhere.example
    --ca "$tmp/mx.pem" --tls-name mx.example.org --user "$account")
for kind in "starttls $smtp_port" "implicit $smtps_port"; do
    at=("${send[@]}" --tls "${kind% *}" --server "127.0.0.1:${kind#* }" "$messages/plain.eml")
    for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS XOAUTH2 OAUTHBEARER; do
        secret=$password
        [[ $mechanism != *OAUTH* ]] || secret=$token
        check "our client ${kind% *}, $mechanism" stored plain ESMTPSA 1 "${at[@]}" --auth $mechanism --password "$secret"
        check "our client ${kind% *}, $mechanism: wrong" refused 1 "${at[@]}" --auth $mechanism --password wrong
    done
    check "our client ${kind% *}: the strongest mechanism" stored plain ESMTPSA 1 "${at[@]}" --password "$password"
done
stop "$submission"

### With --insecure-auth: login in plaintext, and mail for the domain without a login

start "${server[@]}" --insecure-auth
insecure=$pid
if ! await 60 announced " (smtp)"; then
    cat "$tmp/output"
    fail "server with --insecure-auth starts" "no line 'listening on 127.0.0.1:PORT (smtp)' within 60 seconds"
    return
fi
at=("${swaks[@]}" --server "127.0.0.1:$port")
for mechanism in PLAIN LOGIN CRAM-MD5; do
    check "swaks in plaintext, $mechanism" stored plain ESMTPA 1 "${at[@]}" --to to@elsewhere.example --auth $mechanism "${swaks_in[@]}"
    check "swaks in plaintext, $mechanism: wrong password" refused 28 "${at[@]}" --auth $mechanism "${swaks_wrong[@]}"
done
check "swaks in plaintext: no login, for the domain" stored plain ESMTP 1 "${at[@]}"
check "swaks in plaintext: no login, no relaying" refused 24 "${at[@]}" --to to@elsewhere.example
check "curl in plaintext" stored plain ESMTPA 1 "${curl[@]}" "smtp://127.0.0.1:$port/client.example" --mail-rcpt to@elsewhere.example \
    --user "$account:$password"
check "msmtp in plaintext, scram-sha-256" stored plain ESMTPA 1 "${msmtp[@]}" --tls=off --port="$port" --auth=scram-sha-256 \
    "${msmtp_in[@]}" <"$plain_lf"
check "smtplib in plaintext" stored plain ESMTPA 1 "${smtplib[@]}" "$port" "$messages/plain.eml" --login "$account:$password"
at=("${send[@]}" --tls none --server "127.0.0.1:$port" "$messages/plain.eml" --password "$password")
check "our client in plaintext" stored plain ESMTPA 1 "${at[@]}" --insecure-auth
stop "$insecure"
