# Tests of the example `server`, $server_bin, under attack: the stored messages after SIGKILL under load, and the memory under
# floods. Uses the functions of lib.sh.

# Both send a lot of data, and stop by themselves if the server hangs.
time_limit=120
check "kill -9 under load: what was acknowledged is stored, and nothing half" exits 0 "$python" "$here/crash.py" \
    --maildir "$tmp/crash" -- "$server_bin" --listen 127.0.0.1:0 --hostname mx.example.org --maildir "$tmp/crash"
check "floods: memory stays bounded" exits 0 "$python" "$here/memory.py" -- \
    "$server_bin" --listen 127.0.0.1:0 --hostname mx.example.org --maildir "$tmp/flooded"
time_limit=20
