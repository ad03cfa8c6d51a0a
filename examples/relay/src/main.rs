//! A small mail relay: a server, a spool, the next hop, a client, and notifications.
#![allow(dead_code, unused_imports, reason = "the parts that use the spool follow")]

mod spool;

fn main() {}
