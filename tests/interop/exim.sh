# An Exim of our own. It is unpacked and not installed, because the package conflicts with Postfix. Configuration, queue,
# mailboxes and log are under $exim.

exim=$tmp/exim

# Unpacks Exim into the target directory, where it stays for later runs, and installs its libraries. Sets $exim_bin.
install_exim() {
    local unpacked missing
    unpacked=$(realpath -m "${CARGO_TARGET_DIR:-target}/interop-exim")
    exim_bin=$unpacked/usr/sbin/exim4
    # The path of the configuration is compiled in.
    getent passwd Debian-exim >/dev/null || useradd --system --user-group --no-create-home Debian-exim || return
    if [ ! -x "$exim_bin" ]; then
        mkdir -p "$unpacked" && apt-get update -qq &&
            (cd "$unpacked" && apt-get download -qq exim4-daemon-heavy 2>/dev/null && dpkg-deb -x exim4-daemon-heavy_*.deb .) || return
    fi
    if ldd "$exim_bin" | grep -q "not found"; then
        missing=$(dpkg-deb -f "$unpacked"/exim4-daemon-heavy_*.deb Depends | tr ',' '\n' |
            sed -E 's/^ *([^ |]+).*/\1/; /^(exim|debconf)/d')
        # shellcheck disable=SC2086 # one word a package
        install_packages $missing
    fi
}

# Starts Exim on $exim_port, and on $exim_proxy_port, where each connection begins with a PROXY header. It stores mail for
# example.org in the Maildir $exim/mail, but refuses the content for refused@example.org, by PRDR. It sends mail for
# sent.example to port $1, and uses PRDR there. ETRN creates the file $exim/spool/etrn.
start_exim() {
    exim_port=$(free_port) exim_proxy_port=$(free_port)
    mkdir -p "$exim"/{spool,log,mail}/
    cat >"$exim/conf" <<CONF
primary_hostname = exim.example.org
spool_directory = $exim/spool
log_file_path = $exim/log/%slog
pid_file_path = $exim/pid
log_selector = +proxy
exim_path = $exim_bin
local_interfaces = 127.0.0.1
daemon_smtp_ports = $exim_port : $exim_proxy_port
hosts_proxy = \${if eq{\$received_port}{$exim_proxy_port}{127.0.0.1}{}}
host_lookup =
rfc1413_hosts =
prdr_enable = true
smtp_etrn_command = /bin/touch $exim/spool/etrn
smtp_etrn_serialize = false
tls_advertise_hosts =
pipelining_connect_advertise_hosts =
domainlist here = example.org
acl_smtp_rcpt = at_rcpt
acl_smtp_data_prdr = at_prdr
acl_smtp_data = at_data
acl_smtp_etrn = accept
never_users =
keep_environment =

begin acl
at_rcpt:
  accept domains = +here : sent.example
  deny
at_prdr:
  deny local_parts = refused
       message = content refused for \$local_part
  accept
at_data:
  accept

begin routers
send:
  driver = manualroute
  domains = sent.example
  route_list = * 127.0.0.1 byname
  self = send
  transport = send
  no_more
keep:
  driver = accept
  domains = +here
  transport = keep

begin transports
send:
  driver = smtp
  allow_localhost
  port = ${1:-25}
  hosts_try_prdr = *
  hosts_avoid_tls = *
keep:
  driver = appendfile
  directory = $exim/mail
  maildir_format
  user = Debian-exim
  return_path_add
CONF
    chown -R Debian-exim: "$exim"/{spool,log,mail}
    if ! "$exim_bin" -C "$exim/conf" -bd >"$tmp/output" 2>&1 || ! await 60 listens "$exim_port"; then
        cat "$tmp/output" "$exim"/log/* 2>/dev/null
        fail "Exim starts" "see above"
        return 1
    fi
    ok "Exim starts"
}

# Stops Exim if it runs.
stop_exim() {
    [ -s "$exim/pid" ] && kill "$(cat "$exim/pid")" 2>/dev/null
    rm -f "$exim/pid"
}
