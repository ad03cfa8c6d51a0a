# A Postfix of our own. Configuration, queue, mailboxes and log are under $postfix; the system's Postfix is not touched. Mail
# for example.org goes to the Maildirs to/, other/ and utf8/ under $postfix/mail.

postfix=$tmp/postfix

# Starts Postfix on $postfix_port, and on $postfix_tls_port with implicit TLS. On $postfix_submission_port it accepts mail
# only from users, under STARTTLS; on $postfix_open_submission_port also in plaintext. The Dovecot of dovecot.sh authenticates
# users. On $postfix_proxied_port clients may use XCLIENT, and Postfix relays mail for sent.example to port $1, with XFORWARD.
# ETRN is allowed for sent.example.
start_postfix() {
    postfix_port=$(free_port) postfix_tls_port=$(free_port) postfix_proxied_port=$(free_port)
    postfix_submission_port=$(free_port) postfix_open_submission_port=$(free_port)
    mkdir -p "$postfix"/{etc,queue,data,mail}
    chown postfix "$postfix"/{data,mail}
    cat >"$postfix/etc/main.cf" <<EOF
compatibility_level = 3.6
queue_directory = $postfix/queue
data_directory = $postfix/data
maillog_file = $postfix/log
maillog_file_prefixes = $postfix
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
alias_database =
local_transport = error:no local mail
default_transport = error:no other mail
relay_domains = sent.example
relay_transport = smtp:[127.0.0.1]:${1:-25}
smtp_send_xforward_command = yes
fast_flush_domains = sent.example
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{ { later@example.org = DEFER } }
message_size_limit = 4000000
smtpd_tls_cert_file = $tmp/mx.pem
smtpd_tls_key_file = $tmp/mx.key
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $tmp/dovecot/auth
smtpd_sasl_authenticated_header = yes
virtual_mailbox_limit = 0
virtual_mailbox_domains = example.org
virtual_mailbox_base = $postfix/mail
virtual_mailbox_maps = inline:{ { to@example.org = to/ } { other@example.org = other/ } { later@example.org = later/ }
    { jörg@example.org = utf8/ } }
virtual_uid_maps = static:$(id -u postfix)
virtual_gid_maps = static:$(id -g postfix)
virtual_minimum_uid = 1
EOF
    # No service runs in a chroot (the fifth column), which would need files of the system inside the queue. The queue manager
    # looks for new messages every five seconds: while Postfix starts, it can miss the notice of the first one.
    cat >"$postfix/etc/master.cf" <<EOF
127.0.0.1:$postfix_port inet n - n - - smtpd
127.0.0.1:$postfix_tls_port inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:$postfix_proxied_port inet n - n - - smtpd -o smtpd_authorized_xclient_hosts=127.0.0.1
127.0.0.1:$postfix_submission_port inet n - n - - smtpd
    -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
    -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$postfix_open_submission_port inet n - n - - smtpd
    -o smtpd_sasl_auth_enable=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
tlsmgr    unix - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 5 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
anvil     unix - - n - 1 anvil
error     unix - - n - - error
retry     unix - - n - - error
smtp      unix - - n - - smtp
flush     unix n - n 1000? 0 flush
virtual   unix - n n - - virtual
EOF
    if ! postfix -c "$postfix/etc" start >"$tmp/output" 2>&1 || ! await 60 listens "$postfix_port"; then
        cat "$tmp/output" "$postfix/log"
        fail "Postfix starts" "see above"
        return 1
    fi
    ok "Postfix starts"
}

# Stops Postfix if it runs. Its master daemon stops all its processes.
stop_postfix() {
    local master=$postfix/queue/pid/master.pid
    [ -s "$master" ] && kill "$(tr -d ' \n' <"$master")" 2>/dev/null && await 60 postfix_is_gone
    rm -f "$master"
}

postfix_is_gone() {
    ! listens "$postfix_port"
}
