# Tests in which real clients send to the example `server`, $server_bin. Uses the functions of lib.sh.

maildir=$tmp/maildir

# stored SENT PROTOCOL COUNT COMMAND...: COMMAND sends $messages/SENT.eml. Then the Maildir has exactly COUNT copies, received
# with PROTOCOL (RFC 3848), and under TLS with the name of a cipher (RFC 8314 section 4.3).
stored() {
    local sent=$1 protocol=$2 count=$3 received
    shift 3
    received="^Received: .*\bwith $protocol\b"
    [ "$protocol" != ESMTPS ] || received+=".* tls TLS_\w+;"
    exits 0 "$@" && check_maildir --sent "$messages/$sent.eml" --count "$count" --match "$received"
}

# attached FILE COMMAND...: COMMAND sends a message with FILE as attachment.
attached() {
    local file=$1
    shift
    exits 0 "$@" && check_maildir --attachment "$file"
}

# refused STATUS COMMAND...: COMMAND ends with STATUS, and nothing is stored.
refused() {
    exits "$@" && check_maildir --sent /dev/null --count 0
}

check_maildir() {
    "$python" "$here/check_stored.py" "$maildir" --trace Return-Path --trace Received \
        --match '^Return-Path: <sender@client\.example>$' --match '^Received: .*\bby mx\.example\.org\b.*; .+' "$@"
}

start "$server_bin" --listen 127.0.0.1:0 --listen-lmtp 127.0.0.1:0 --hostname mx.example.org --maildir "$maildir" \
    --listen-tls 127.0.0.1:0 --cert "$tmp/mx.pem" --key "$tmp/mx.key" --reject refused@example.org --max-size 4000000
server=$pid
if await 60 announced " (smtp)" && smtp_port=$port && await 60 announced " (smtps)" && smtps_port=$port &&
    await 60 announced " (lmtp)" && lmtp_port=$port; then
    ok "server starts and says where it listens"
else
    cat "$tmp/output"
    fail "server starts" "no line 'listening on 127.0.0.1:PORT (smtp)', '(smtps)' and '(lmtp)' within 60 seconds"
    return
fi

# swaks adds a line end after its data.
swaks=(swaks --server "127.0.0.1:$smtp_port" --helo client.example --from sender@client.example)
for sent in plain dots blank-end eight-bit; do
    check "swaks: $sent" stored $sent ESMTP 1 "${swaks[@]}" --to to@example.org --data "@$messages/$sent.open"
done
check "swaks: plain HELO" stored plain SMTP 1 "${swaks[@]}" --protocol SMTP --to to@example.org --data "@$messages/plain.open"
check "swaks: LMTP" stored plain LMTP 1 "${swaks[@]}" --server "127.0.0.1:$lmtp_port" --protocol LMTP \
    --to to@example.org --data "@$messages/plain.open"
check "swaks: an attachment" attached "$root/README.md" "${swaks[@]}" --to to@example.org --attach "@$root/README.md"
check "swaks: an attachment, pipelined" attached "$root/README.md" "${swaks[@]}" --pipeline --to to@example.org \
    --attach "@$root/README.md"
check "swaks: several recipients" stored plain ESMTP 1 "${swaks[@]}" --to a@example.org,b@example.org,c@example.org \
    --data "@$messages/plain.open"
check "swaks: several recipients, pipelined" stored plain ESMTP 1 "${swaks[@]}" --pipeline \
    --to a@example.org,b@example.org,c@example.org --data "@$messages/plain.open"
check "swaks: some recipients refused, pipelined" stored plain ESMTP 1 "${swaks[@]}" --pipeline \
    --to a@example.org,refused@example.org,c@example.org --data "@$messages/plain.open"
# The exit status of swaks is 24 if no recipient was accepted, and 26 if the message was not.
check "swaks: every recipient refused" refused 24 "${swaks[@]}" --to refused@example.org
check "swaks: every recipient refused, pipelined" refused 24 "${swaks[@]}" --pipeline --to refused@example.org
check "swaks: too large, without SIZE" refused 26 "${swaks[@]}" --to to@example.org --data "@$messages/too-large.open"

curl=(curl --silent --show-error --max-time 20 "smtp://127.0.0.1:$smtp_port/client.example" --mail-from sender@client.example)
for sent in plain dots dot-end blank-end headers-only eight-bit long-lines large; do
    check "curl: $sent" stored $sent ESMTP 1 "${curl[@]}" --mail-rcpt to@example.org --upload-file "$messages/$sent.eml"
done
check "curl: several recipients" stored plain ESMTP 1 "${curl[@]}" --mail-rcpt a@example.org --mail-rcpt b@example.org \
    --upload-file "$messages/plain.eml"
# The exit status of curl is 55 if a command is refused.
check "curl: a recipient refused" refused 55 "${curl[@]}" --mail-rcpt refused@example.org --upload-file "$messages/plain.eml"
check "curl: too large, with SIZE" refused 55 "${curl[@]}" --mail-rcpt to@example.org --upload-file "$messages/too-large.eml"

msmtp=(msmtp --host=127.0.0.1 --domain=client.example --tls=off --auth=off --from=sender@client.example)
for sent in plain dots dot-end blank-end eight-bit large; do
    check "msmtp: $sent" stored $sent ESMTP 1 "${msmtp[@]}" --port="$smtp_port" to@example.org <"$messages/$sent.lf"
done
check "msmtp: several recipients" stored plain ESMTP 1 "${msmtp[@]}" --port="$smtp_port" a@example.org b@example.org \
    <"$messages/plain.lf"
check "msmtp: LMTP, a copy for each recipient" stored plain LMTP 2 "${msmtp[@]}" --port="$lmtp_port" --protocol=lmtp a@example.org b@example.org \
    <"$messages/plain.lf"
check "msmtp: understands what the server offers" exits 0 "${msmtp[@]}" --port="$smtp_port" --serverinfo

smtplib=("$python" "$here/send_smtplib.py" 127.0.0.1)
for sent in plain dots dot-end blank-end headers-only eight-bit long-lines no-final-line-end large; do
    check "smtplib: $sent" stored $sent ESMTP 1 "${smtplib[@]}" "$smtp_port" "$messages/$sent.eml"
    check "smtplib LMTP: $sent" stored $sent LMTP 1 "${smtplib[@]}" "$lmtp_port" "$messages/$sent.eml" --lmtp
done
check "smtplib: BODY=8BITMIME" stored eight-bit ESMTP 1 "${smtplib[@]}" "$smtp_port" "$messages/eight-bit.eml" \
    --mail-option BODY=8BITMIME
check "smtplib: SMTPUTF8" stored utf8-header UTF8SMTP 1 "${smtplib[@]}" "$smtp_port" "$messages/utf8-header.eml" \
    --mail-option SMTPUTF8 --mail-option BODY=8BITMIME --to 'jörg@example.org'
check "smtplib: some recipients refused" stored plain ESMTP 1 "${smtplib[@]}" "$smtp_port" "$messages/plain.eml" \
    --to a@example.org --to refused@example.org --to c@example.org --expect-rcpt 250,550,250
check "smtplib LMTP: an answer and a copy for each recipient accepted" stored plain LMTP 2 "${smtplib[@]}" "$lmtp_port" "$messages/plain.eml" \
    --lmtp --to a@example.org --to refused@example.org --to c@example.org --expect-rcpt 250,550,250 --expect-data 250,250
check "smtplib: a message with bare line feeds is refused" refused 0 "${smtplib[@]}" "$smtp_port" "$messages/plain.lf" \
    --expect-data 550

# smtp-source adds an empty line after its file.
smtp_source=(smtp-source -4 -M client.example -f sender@client.example -t to@example.org)
check "smtp-source" stored plain-blank SMTP 1 "${smtp_source[@]}" -F "$messages/plain.lf" "127.0.0.1:$smtp_port"
check "smtp-source: dots" stored dots-blank SMTP 1 "${smtp_source[@]}" -F "$messages/dots.lf" "127.0.0.1:$smtp_port"
check "smtp-source: 100 messages in 10 sessions at once" stored plain-blank SMTP 100 \
    "${smtp_source[@]}" -m 100 -s 10 -F "$messages/plain.lf" "127.0.0.1:$smtp_port"
check "smtp-source: 100 messages over each connection in turn" stored plain-blank SMTP 100 \
    "${smtp_source[@]}" -d -m 100 -s 2 -F "$messages/plain.lf" "127.0.0.1:$smtp_port"
check "smtp-source: 20 recipients a message" stored plain-blank SMTP 10 \
    "${smtp_source[@]}" -r 20 -m 10 -F "$messages/plain.lf" "127.0.0.1:$smtp_port"
check "smtp-source: large messages at once" stored large-blank SMTP 4 \
    "${smtp_source[@]}" -m 4 -s 4 -F "$messages/large.lf" "127.0.0.1:$smtp_port"
check "smtp-source: LMTP" stored plain-blank LMTP 60 \
    "${smtp_source[@]}" -L -r 3 -m 20 -s 4 -F "$messages/plain.lf" "127.0.0.1:$lmtp_port"

# The same under TLS, by STARTTLS and by implicit TLS.
swaks=(swaks --helo client.example --from sender@client.example --to to@example.org --tls-verify --tls-ca-path "$tmp/mx.pem")
openssl=(openssl s_client -quiet -CAfile "$tmp/mx.pem" -verify_return_error -verify_hostname mx.example.org)
curl=(curl --silent --show-error --max-time 20 --mail-from sender@client.example --mail-rcpt to@example.org)
verified=(--cacert "$tmp/mx.pem" --resolve "mx.example.org:$smtp_port:127.0.0.1" --resolve "mx.example.org:$smtps_port:127.0.0.1")
msmtp+=(--tls=on --tls-certcheck=off)
send=("$send_bin" --helo client.example --timeout 10 --from sender@client.example --to to@example.org)
trusting=(--ca "$tmp/mx.pem" --tls-name mx.example.org)
for sent in plain dots eight-bit; do
    check "swaks, STARTTLS: $sent" stored $sent ESMTPS 1 "${swaks[@]}" --server "127.0.0.1:$smtp_port" --tls \
        --data "@$messages/$sent.open"
    check "swaks, TLS first: $sent" stored $sent ESMTPS 1 "${swaks[@]}" --server "127.0.0.1:$smtps_port" --tls-on-connect \
        --data "@$messages/$sent.open"
done
for sent in plain dots large; do
    check "curl, STARTTLS: $sent" stored $sent ESMTPS 1 "${curl[@]}" "${verified[@]}" --ssl-reqd \
        "smtp://mx.example.org:$smtp_port/client.example" --upload-file "$messages/$sent.eml"
    check "curl, TLS first: $sent" stored $sent ESMTPS 1 "${curl[@]}" "${verified[@]}" \
        "smtps://mx.example.org:$smtps_port/client.example" --upload-file "$messages/$sent.eml"
    check "msmtp, STARTTLS: $sent" stored $sent ESMTPS 1 "${msmtp[@]}" --port="$smtp_port" to@example.org <"$messages/$sent.lf"
    check "msmtp, TLS first: $sent" stored $sent ESMTPS 1 "${msmtp[@]}" --port="$smtps_port" --tls-starttls=off to@example.org \
        <"$messages/$sent.lf"
    check "smtplib, STARTTLS: $sent" stored $sent ESMTPS 1 "${smtplib[@]}" "$smtp_port" "$messages/$sent.eml" \
        --starttls "$tmp/mx.pem"
    for mode in "" --bdat; do
        check "our client${mode:+, BDAT}, STARTTLS: $sent" stored $sent ESMTPS 1 "${send[@]}" "${trusting[@]}" \
            $mode --server "127.0.0.1:$smtp_port" --tls starttls "$messages/$sent.eml"
        check "our client${mode:+, BDAT}, TLS first: $sent" stored $sent ESMTPS 1 "${send[@]}" "${trusting[@]}" \
            $mode --server "127.0.0.1:$smtps_port" --tls implicit "$messages/$sent.eml"
    done
done
check "smtplib LMTP, STARTTLS" stored plain LMTPS 1 "${smtplib[@]}" "$lmtp_port" "$messages/plain.eml" --lmtp \
    --starttls "$tmp/mx.pem"
# The exit status of curl is 60 if it does not trust the certificate.
check "curl, STARTTLS: a certificate that is not trusted" refused 60 "${curl[@]}" --ssl-reqd \
    "smtp://127.0.0.1:$smtp_port/client.example" --upload-file "$messages/plain.eml"
for kind in "starttls $smtp_port" "implicit $smtps_port"; do
    check "our client, ${kind% *}: a certificate that is not trusted" refused 75 "${send[@]}" --ca "$tmp/other.pem" \
        --tls-name mx.example.org --tls "${kind% *}" --server "127.0.0.1:${kind#* }" "$messages/plain.eml"
    check "our client, ${kind% *}: a certificate of another name" refused 75 "${send[@]}" --ca "$tmp/mx.pem" \
        --tls-name other.example.org --tls "${kind% *}" --server "127.0.0.1:${kind#* }" "$messages/plain.eml"
done

# answers PATTERN COMMAND...: COMMAND gets only QUIT as input, and prints a line like PATTERN, then the 221.
answers() {
    local pattern=$1
    shift
    printf 'EHLO client.example\r\nQUIT\r\n' | exits 0 "$@" >"$tmp/answers" || { cat "$tmp/answers"; return 1; }
    cat "$tmp/answers"
    grep -q "$pattern" "$tmp/answers" && grep -q '^221 ' "$tmp/answers" && ! grep -q STARTTLS "$tmp/answers"
}
for version in -tls1_2 -tls1_3; do
    check "openssl, STARTTLS, $version" answers '^250[- ]REQUIRETLS' "${openssl[@]}" $version -starttls smtp \
        -connect "127.0.0.1:$smtp_port"
    check "openssl, TLS first, $version" answers '^250[- ]REQUIRETLS' "${openssl[@]}" $version -connect "127.0.0.1:$smtps_port"
done
# This prints the end of the connection, and no reply.
check "openssl: no TLS before 1.2" exits 1 "${openssl[@]}" -tls1_1 -cipher DEFAULT@SECLEVEL=0 -connect "127.0.0.1:$smtps_port"

# The example `send` with the example `server`.
send=("$send_bin" --tls none --helo client.example --timeout 10 --from sender@client.example --to to@example.org)
for sent in plain dots dot-end headers-only eight-bit long-lines no-final-line-end large; do
    check "our client: $sent" stored $sent ESMTP 1 "${send[@]}" --server "127.0.0.1:$smtp_port" "$messages/$sent.eml"
    # BDAT can send a last line without a line end.
    [ $sent = no-final-line-end ] ||
        check "our client, BDAT: $sent" stored $sent ESMTP 1 "${send[@]}" --server "127.0.0.1:$smtp_port" --bdat "$messages/$sent.eml"
    check "our client, LMTP: $sent" stored $sent LMTP 1 "${send[@]}" --server "127.0.0.1:$lmtp_port" --lmtp "$messages/$sent.eml"
done

ends_well() {
    kill -TERM "$server"
    wait "$server"
    local status=$?
    [ $status -eq 0 ] || { echo "exit status $status"; return 1; }
}
check "server ends with 0 on SIGTERM" ends_well
stop "$server"
