# The example `server`, $server_bin, killed under load: what it has acknowledged it has. The functions used are those of lib.sh.

check "kill -9 under load: what was acknowledged is stored, and nothing half" exits 0 "$python" "$here/crash.py" \
    --maildir "$tmp/crash" -- "$server_bin" --listen 127.0.0.1:0 --hostname mx.example.org --maildir "$tmp/crash"
