use std::{string::String, vec::Vec};

use super::*;
use crate::{
    client::{self, ExtensionUse},
    server::{self, Event, Server},
    types::{ClientName, Envelope, ForwardPath, Host, Mailbox},
};

/// A client that may send the message now.
fn at_body(chunking: ExtensionUse, offers: &str) -> (Buffered<Client>, BodyPermit) {
    let mut config = client::Config::new(ClientName::parse("me.example").unwrap());
    config.chunking = chunking;
    config.pipelining = ExtensionUse::Never;
    config.limits.max_chunk_octets = 8;
    let mut buffered = Buffered::new(Client::new(config.into()));
    let envelope =
        Envelope::new(Mailbox::parse("a@x").unwrap()).recipient(ForwardPath::parse("b@y").unwrap());
    let ehlo = std::format!("250-mx\r\n250 {offers}\r\n");
    for reply in ["220 hi\r\n", &ehlo, "250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
        buffered.received(reply.as_bytes());
        loop {
            let (step, machine) = buffered.poll(Instant::ORIGIN);
            match step {
                Step::Event(client::Event::Ready) => machine.deliver(envelope.clone()).unwrap(),
                Step::Event(client::Event::Body(permit)) => return (buffered, permit),
                Step::Event(_) => {}
                Step::Wait(wait) => {
                    if !wait.want_write {
                        break;
                    }
                    let said = buffered.unwritten(true).len();
                    buffered.wrote(said);
                }
            }
        }
    }
    panic!("the message is not wanted");
}

/// Reports a partial write of `gathered`, defers the rest, and returns it.
fn write(buffered: &mut Buffered<Client>, mut gathered: MessageWrite<'_>, written: usize) -> String {
    buffered.took(written);
    buffered.flushed_gathered(&mut gathered);
    let left = joined(&gathered, buffered.machine());
    buffered.defer_rest(&gathered);
    left
}

fn joined(gathered: &MessageWrite<'_>, machine: &Client) -> String {
    let slices: Vec<_> = gathered.slices(machine).collect();
    assert!(slices.iter().all(|slice| !slice.is_empty()));
    String::from_utf8(slices.concat()).unwrap()
}

#[test]
fn unused_input_is_passed_again() {
    let mut buffered = Buffered::new(Server::new(
        server::Config::new(Host::parse("mx.test").unwrap()).into(),
    ));
    for said in ["", "EHLO cli", "ent.test\r\nNO", "OP\r\nQUIT\r\nX"] {
        buffered.received(said.as_bytes());
        while let (Step::Event(event), server) = buffered.poll(Instant::ORIGIN) {
            if let Event::Closed(_) = event {
                break;
            }
            if let Some(ticket) = event.into_ticket() {
                server.accept(ticket).unwrap();
            }
            let said = buffered.unwritten(true).len();
            buffered.wrote(said);
        }
        buffered.release();
    }
    assert!(
        buffered
            .unwritten(true)
            .ends_with(b"250 2.0.0 ok\r\n221 2.0.0 bye\r\n")
    );
    assert_eq!(buffered.unwritten(false), b"");
}

#[test]
fn the_end_of_data_is_in_the_write_of_the_last_text() {
    let (mut buffered, permit) = at_body(ExtensionUse::Never, "8BITMIME");
    let mut gathered = buffered.gather(permit, b"Hi\r\n.\r\nbye", More::Last);
    assert!(gathered.take_permit().is_none());
    assert_eq!(gathered.used(), 10);
    assert!(!gathered.is_blocked());
    let all = joined(&gathered, buffered.machine());
    assert_eq!(all, "Hi\r\n..\r\nbye\r\n.\r\n");
    for written in 0..=all.len() {
        let (mut buffered, permit) = at_body(ExtensionUse::Never, "8BITMIME");
        let gathered = buffered.gather(permit, b"Hi\r\n.\r\nbye", More::Last);
        assert_eq!(write(&mut buffered, gathered, written), all[written..]);
        let mut rest = String::new();
        while !buffered.unwritten(true).is_empty() {
            let octet = buffered.unwritten(true)[0];
            rest.push(char::from(octet));
            buffered.wrote(1);
        }
        assert_eq!(rest, all[written..], "whatever was written at first");
    }
}

#[test]
fn a_write_may_exceed_the_deferred_output() {
    let (mut buffered, permit) = at_body(ExtensionUse::Never, "8BITMIME");
    let gathered = buffered.gather(permit, b"Hi", More::Last);
    buffered.defer_rest(&gathered);
    assert_eq!(buffered.unwritten(true), b"Hi");
    buffered.wrote(1);
    // The rest of the text, and the CRLF of the machine after it.
    buffered.wrote(3);
    assert!(!buffered.is_writing());
    assert_eq!(buffered.unwritten(true), b".\r\n");
}

#[test]
fn a_chunk_is_in_the_write_of_its_command_and_of_the_next_command() {
    let message = b"0123456789abcdef";
    let (mut buffered, permit) = at_body(ExtensionUse::IfOffered, "CHUNKING");
    let gathered = buffered.gather(permit, message, More::Last);
    let all = joined(&gathered, buffered.machine());
    assert!(all.starts_with("BDAT 8\r\n01234567"), "{all}");
    for written in 0..=all.len() {
        let (mut buffered, permit) = at_body(ExtensionUse::IfOffered, "CHUNKING");
        let gathered = buffered.gather(permit, message, More::Last);
        write(&mut buffered, gathered, written);
        let mut rest = String::new();
        while let Some(octet) = buffered.unwritten(true).first().copied() {
            rest.push(char::from(octet));
            buffered.wrote(1);
        }
        assert_eq!(rest, all[written..], "whatever was written at first");
    }
}

#[test]
fn the_end_of_data_counts_as_sent_only_when_written() {
    let (mut buffered, permit) = at_body(ExtensionUse::Never, "8BITMIME");
    let gathered = buffered.gather(permit, b"Hi", More::Last);
    write(&mut buffered, gathered, 2);
    assert_eq!(buffered.unwritten(true), b"\r\n.\r\n");
    buffered.received(b"250 ok\r\n");
    let events = core::iter::from_fn(|| match buffered.poll(Instant::ORIGIN).0 {
        Step::Event(event) => Some(std::format!("{event:?}")),
        Step::Wait(_) => None,
    });
    let events: Vec<_> = events.take(9).collect();
    assert!(events.iter().any(|event| event.contains("Closed")), "{events:?}");
}

#[test]
fn nothing_is_sent_of_a_block_that_cannot_be_sent() {
    let (mut buffered, permit) = at_body(ExtensionUse::Never, "SIZE");
    let mut gathered = buffered.gather(permit, b"Hi\r\nd\xe9j\xe0\r\n", More::Last);
    assert!(gathered.take_permit().is_none());
    assert_eq!(joined(&gathered, buffered.machine()), "");
}

#[test]
fn an_idle_session_frees_its_buffers() {
    let config = server::Config::new(Host::parse("mx.test").unwrap());
    let mut buffered = Buffered::new(Server::new(config.into()));
    let mut said = b"EHLO c\r\n".to_vec();
    said.extend(b"NOOP\r\n".repeat(50));
    for (said, kept) in [(&b""[..], 0), (said.as_slice(), 0), (b"MAIL FRO", 8)] {
        buffered.received(said);
        while let (step, server) = buffered.poll(Instant::ORIGIN)
            && let Step::Event(event) = step
        {
            if let Some(ticket) = event.into_ticket() {
                server.accept(ticket).unwrap();
            }
            server.advance_output(usize::MAX);
        }
        buffered.release();
        assert_eq!((buffered.input.len(), buffered.input.capacity()), (kept, kept));
        assert_eq!(buffered.backlog.capacity(), 0);
    }
}
