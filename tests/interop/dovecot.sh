# A Dovecot of our own that only does SASL, for Postfix. All its files are under $dovecot; the system's Dovecot is not
# touched. Each password is $password. The name of a user is the storage scheme of the password: plain, sha512-crypt,
# cram-md5, scram-sha-1, scram-sha-256. $bearer is a token of the user bearer, valid for a day.

dovecot=$tmp/dovecot dovecot_pid=

# Starts Dovecot, with its socket at $dovecot/auth.
start_dovecot() {
    mkdir -p "$dovecot/keys/default/HS256"
    make_dovecot_conf >"$dovecot/dovecot.conf"
    make_bearer
    local scheme
    for scheme in PLAIN SHA512-CRYPT CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256; do
        printf '%s:%s\n' "${scheme,,}" "$(doveadm -c "$dovecot/dovecot.conf" pw -s $scheme -p "$password")"
    done >"$dovecot/users"
    start dovecot -F -c "$dovecot/dovecot.conf"
    dovecot_pid=$pid
    if ! await 60 test -S "$dovecot/auth"; then
        cat "$tmp/output" "$dovecot/log"
        fail "Dovecot starts" "see above"
        return 1
    fi
    ok "Dovecot starts"
}

# Stops Dovecot if it runs, and its children, which would stay while Postfix is connected.
stop_dovecot() {
    local children_file=/proc/$dovecot_pid/task/$dovecot_pid/children pids
    [ -r "$children_file" ] || return
    read -ra pids <"$children_file"
    stop "$dovecot_pid"
    kill "${pids[@]}" 2>/dev/null
    await 60 are_gone "${pids[@]}"
}

are_gone() {
    ! kill -0 "$@" 2>/dev/null
}

make_dovecot_conf() {
    # Version 2.4 changed the syntax of the first lines and the databases.
    case $(dovecot --version) in
        2.[0-3].*) old_databases ;;
        *) printf '%s\n' 'dovecot_config_version = 2.4.0' 'dovecot_storage_version = 2.4.0' && new_databases ;;
    esac
    cat <<END
base_dir = $dovecot/run
state_dir = $dovecot/state
log_path = $dovecot/log
protocols =
ssl = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer
auth_failure_delay = 0
# No delay after failed logins.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener $dovecot/auth {
    mode = 0600
    user = postfix
  }
}
END
}

old_databases() {
    cat <<END
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $dovecot/oauth2.conf
}
passdb {
  driver = passwd-file
  args = $dovecot/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
END
    cat >"$dovecot/oauth2.conf" <<END
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$dovecot/keys/
username_attribute = sub
END
}

new_databases() {
    cat <<END
oauth2 {
  introspection_mode = local
  username_attribute = sub
  oauth2_local_validation {
    dict fs {
      fs posix {
        prefix = $dovecot/keys/
      }
    }
  }
}
passdb passwd-file {
  passwd_file_path = $dovecot/users
}
userdb static {
  fields {
    uid = nobody
    gid = nogroup
    home = /nonexistent
  }
}
END
}

# Creates a JSON Web Token (RFC 7519), and stores the key for verifying it at Dovecot's place.
make_bearer() {
    local key=interoperability signed
    printf %s $key | base64 >"$dovecot/keys/default/HS256/default"
    signed=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).$(printf '{"sub":"bearer","iat":%d,"exp":%d}' \
        $(($(date +%s) - 60)) $(($(date +%s) + 86400)) | base64url)
    bearer=$signed.$(printf %s "$signed" | openssl dgst -sha256 -hmac $key -binary | base64url)
}

base64url() {
    base64 --wrap=0 | tr '+/' '-_' | tr -d =
}
