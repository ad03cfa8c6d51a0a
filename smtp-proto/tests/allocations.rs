//! Heap allocations of a server session.
#![expect(clippy::unwrap_used, reason = "a panic reports a failed test")]

use allocation_counter::{AllocationInfo, measure};
use smtp_proto::{
    Instant, Machine, Step,
    server::{Config, Event, Server},
    types::{Host, Rejection},
};

fn server() -> Server {
    let mut config = Config::new(Host::parse("mx.test").unwrap());
    // Some commands are faulty; their replies must not be delayed.
    config.limits.errors.soft = 100;
    Server::new(config.into())
}

/// Passes input to the server and accepts every question, but rejects the recipient `nobody`.
fn feed(server: &mut Server, octets: &[u8]) {
    let mut input = octets;
    loop {
        match server.poll(&mut input, Instant::ORIGIN) {
            Step::Event(Event::Recipient { rcpt, ticket, .. })
                if rcpt.forward_path().as_str().starts_with("nobody@") =>
            {
                server.reject(ticket, Rejection::NO_SUCH_USER).unwrap();
            }
            Step::Event(event) => {
                if let Some(ticket) = event.into_ticket() {
                    server.accept(ticket).unwrap();
                }
            }
            Step::Wait(wait) if wait.want_write => server.advance_output(server.output().len()),
            Step::Wait(_) => break,
        }
    }
    assert!(input.is_empty());
}

/// The allocations of these groups of commands, after each was sent once.
fn cost(groups: &[&[u8]]) -> AllocationInfo {
    let mut server = server();
    feed(&mut server, b"");
    feed(&mut server, b"EHLO client.test\r\n");
    for group in groups {
        feed(&mut server, group);
    }
    measure(|| {
        for _ in 0..10 {
            for group in groups {
                feed(&mut server, group);
            }
        }
    })
}

#[test]
fn a_command_at_a_time_allocates_nothing() {
    let info = cost(&[
        b"NOOP\r\n",
        b"VRFY joe\r\n",
        b"MAIL FROM:<a@client.test> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=abc+2Bdef\r\n",
        b"RCPT TO:<b@mx.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+40mx.test\r\n",
        b"RCPT TO:<\"quoted user\"@[IPv6:2001:db8::1]>\r\n",
        b"RCPT TO:<@relay.test:c@mx.test>\r\n",
        b"RCPT TO:<nobody@mx.test>\r\n",
        b"DATA\r\n",
        b"Subject: hi\r\n\r\n..\r\nhello\r\n",
        b"\r\n.\r\n",
        b"MAIL FROM:<>\r\n",
        b"RSET\r\n",
        b"HELP\r\n",
        b"MAIL FROM:<a@b@c>\r\n",
        b"QUIT now\r\n",
    ]);
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn a_pipelined_group_allocates_nothing() {
    let info = cost(&[
        b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<nobody@mx.test>\r\nDATA\r\n",
        b"hello\r\n.\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nBDAT 5\r\nhelloBDAT 0 LAST\r\nRSET\r\n",
    ]);
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn a_large_body_allocates_nothing() {
    let mut body =
        b"a line of the message, seventy octets long, as they usually are in text\r\n".repeat(10_000);
    body.extend_from_slice(b".\r\n");
    let info = cost(&[
        b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n",
        &body,
    ]);
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn an_idle_session_holds_little_memory() {
    // It keeps the name of the client and the queue of open questions, and frees the buffer of a long group of replies.
    let mut server = server();
    let info = measure(|| {
        feed(&mut server, b"");
        feed(&mut server, b"EHLO client.test\r\n");
        feed(&mut server, "NOOP\r\n".repeat(200).as_bytes());
        feed(
            &mut server,
            b"MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\nhi\r\n.\r\n",
        );
    });
    assert!(info.bytes_current < 512, "{info:?}");
}
