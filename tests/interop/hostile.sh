# What the example `server`, $server_bin, has kept when it is killed under load, and what memory it takes under floods. The
# functions used are those of lib.sh.

# Both send a lot, and give up by themselves on a server that hangs.
time_limit=120
check "kill -9 under load: what was acknowledged is stored, and nothing half" exits 0 "$python" "$here/crash.py" \
    --maildir "$tmp/crash" -- "$server_bin" --listen 127.0.0.1:0 --hostname mx.example.org --maildir "$tmp/crash"
check "floods: memory stays bounded" exits 0 "$python" "$here/memory.py" -- \
    "$server_bin" --listen 127.0.0.1:0 --hostname mx.example.org --maildir "$tmp/flooded"
time_limit=20
