//! The allocations of a server.

use smtp_bench::Session;

/// Once a session has seen a message, further ones need no memory from the heap.
#[test]
fn commands_allocate_nothing_after_set_up() {
    for pipelined in [false, true] {
        let mut session = Session::new(&Session::config());
        session.hear("EHLO mail.client.example\r\n");
        session.send(pipelined);
        let counted = allocation_counter::measure(|| {
            for _ in 0..10 {
                session.send(pipelined);
                session.hear("NOOP\r\n");
                session.hear("RSET\r\n");
            }
        });
        assert_eq!(counted.count_total, 0, "pipelined: {pipelined}");
    }
}
