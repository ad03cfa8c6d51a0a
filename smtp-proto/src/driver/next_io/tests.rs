use std::vec::Vec;

use super::*;
use crate::{
    machine::Step,
    server::{Config, Event, Server},
    time::Instant,
    types::Host,
};

/// A server with a pending greeting, and its wait.
fn greeting() -> (Buffered<Server>, Wait) {
    let mut buffered = Buffered::new(Server::new(Config::new(Host::parse("mx.test").unwrap()).into()));
    let wait = settle(&mut buffered);
    assert!(wait.want_read && wait.want_write && !wait.application_pending);
    (buffered, wait)
}

fn settle(buffered: &mut Buffered<Server>) -> Wait {
    loop {
        let (step, server) = buffered.poll(Instant::ORIGIN);
        match step {
            Step::Wait(wait) => return wait,
            Step::Event(event) => {
                if let Some(ticket) = event.into_ticket() {
                    server.accept(ticket).unwrap();
                }
            }
        }
    }
}

/// The number of octets that the driver must write.
fn writes(next: NextIo<'_>) -> usize {
    match next {
        NextIo::Write(octets) => octets.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_write_is_flushed_before_the_next_and_before_it_counts() {
    let (mut buffered, wait) = greeting();
    let greeting = buffered.unwritten(true).len();
    let mut attempt = buffered.attempt(wait);
    assert_eq!(writes(buffered.next_io(&mut attempt)), greeting);
    buffered.took(10);
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Flush);
    assert_eq!(
        buffered.machine().output().len(),
        greeting,
        "not flushed, not written"
    );
    buffered.flushed();
    assert_eq!(buffered.machine().output().len(), greeting - 10);
    assert_eq!(writes(buffered.next_io(&mut attempt)), greeting - 10);
    buffered.took(greeting - 10);
    buffered.flushed();
    // All output is written, and the machine also wants to read.
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
}

#[test]
fn a_blocked_write_does_not_prevent_reading() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(wait);
    writes(buffered.next_io(&mut attempt));
    attempt.write_blocked();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
    assert!(attempt.wants_write() && !attempt.wants_read());
    attempt.read_blocked();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::AwaitReadiness);
    assert!(attempt.wants_write() && attempt.wants_read());
}

#[test]
fn an_unfinished_flush_continues_in_the_next_round() {
    let (mut buffered, wait) = greeting();
    let greeting = buffered.unwritten(true).len();
    buffered.took(greeting);
    let listening = Wait {
        want_write: false,
        ..wait
    };
    let mut attempt = buffered.attempt(listening);
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Flush);
    attempt.write_blocked();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
    let mut attempt = buffered.attempt(listening);
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Flush);
    buffered.flushed();
    assert!(buffered.machine().output().is_empty());
    // Poll after the flush, but only after trying to read.
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
    attempt.read_blocked();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::PollMachine);
}

#[test]
fn delayed_output_is_not_written() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(Wait {
        want_write: false,
        ..wait
    });
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
}

#[test]
fn a_machine_that_waits_only_for_a_write_is_polled_after_it() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(Wait {
        want_read: false,
        ..wait
    });
    let greeting = writes(buffered.next_io(&mut attempt));
    buffered.took(greeting);
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Flush);
    buffered.flushed();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::PollMachine);
}

#[test]
fn after_a_write_error_input_is_read_to_its_end() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(wait);
    writes(buffered.next_io(&mut attempt));
    buffered.write_failed();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
    attempt.read_blocked();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::AwaitReadiness);
    assert!(!attempt.wants_write() && attempt.wants_read());
    buffered.received(b"QUIT\r\n");
    let wait = settle(&mut buffered);
    assert!(wait.want_write && !wait.want_read);
    // The machine waits only for a write, which is impossible.
    let mut attempt = buffered.attempt(wait);
    assert_eq!(buffered.next_io(&mut attempt), NextIo::PollMachine);
    assert!(matches!(
        buffered.poll(Instant::ORIGIN).0,
        Step::Event(Event::Closed(_))
    ));
}

#[test]
fn after_a_write_error_nothing_is_written() {
    let (mut buffered, _) = greeting();
    buffered.took(4);
    buffered.write_failed();
    assert!(buffered.is_write_closed() && !buffered.is_writing());
    // The machine keeps its unsent output.
    let said: Vec<u8> = buffered.machine().output().into();
    assert!(said.starts_with(b"220 "));
}

#[test]
fn pending_output_is_flushed_once_more_before_input_is_parsed() {
    for done in [true, false] {
        let (mut buffered, wait) = greeting();
        let greeting = buffered.unwritten(true).len();
        buffered.took(greeting);
        let mut attempt = buffered.attempt(wait);
        assert_eq!(buffered.next_io(&mut attempt), NextIo::Flush);
        attempt.write_blocked();
        assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
        buffered.received(b"EHLO c\r\n");
        attempt.read_done();
        assert_eq!(buffered.next_io(&mut attempt), NextIo::Flush);
        if done {
            buffered.flushed();
        } else {
            attempt.write_blocked();
        }
        assert_eq!(buffered.next_io(&mut attempt), NextIo::PollMachine);
    }
}

#[test]
fn the_machine_is_polled_right_after_a_read() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(wait);
    writes(buffered.next_io(&mut attempt));
    attempt.write_blocked();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::Read);
    attempt.read_done();
    assert_eq!(buffered.next_io(&mut attempt), NextIo::PollMachine);
}
