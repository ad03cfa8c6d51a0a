use std::vec::Vec;

use super::*;
use crate::{
    machine::Step,
    server::{Config, Event, Server},
    time::Instant,
    types::Host,
};

/// A server that has its greeting to say, and what it waits for.
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

/// The duty to write, and how much.
fn writes(duty: NextIo<'_>) -> usize {
    match duty {
        NextIo::Write(octets) => octets.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_write_is_flushed_before_the_next_and_before_it_counts() {
    let (mut buffered, wait) = greeting();
    let greeting = buffered.unwritten(true).len();
    let mut attempt = buffered.attempt(wait);
    assert_eq!(writes(buffered.duty(&mut attempt)), greeting);
    buffered.took(10);
    assert_eq!(buffered.duty(&mut attempt), NextIo::Flush);
    assert_eq!(
        buffered.machine().output().len(),
        greeting,
        "not flushed, not written"
    );
    buffered.flushed();
    assert_eq!(buffered.machine().output().len(), greeting - 10);
    assert_eq!(writes(buffered.duty(&mut attempt)), greeting - 10);
    buffered.took(greeting - 10);
    buffered.flushed();
    // All is written, and the machine wants to read as well.
    assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
}

#[test]
fn what_cannot_be_written_at_once_does_not_keep_it_from_reading() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(wait);
    writes(buffered.duty(&mut attempt));
    attempt.write_blocked();
    assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
    assert!(attempt.wants_write() && !attempt.wants_read());
    attempt.read_blocked();
    assert_eq!(buffered.duty(&mut attempt), NextIo::AwaitReadiness);
    assert!(attempt.wants_write() && attempt.wants_read());
}

#[test]
fn a_flush_that_was_left_is_gone_on_with_whatever_the_machine_waits_for() {
    let (mut buffered, wait) = greeting();
    let greeting = buffered.unwritten(true).len();
    buffered.took(greeting);
    let listening = Wait {
        want_write: false,
        ..wait
    };
    let mut attempt = buffered.attempt(listening);
    assert_eq!(buffered.duty(&mut attempt), NextIo::Flush);
    attempt.write_blocked();
    assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
    let mut attempt = buffered.attempt(listening);
    assert_eq!(buffered.duty(&mut attempt), NextIo::Flush);
    buffered.flushed();
    assert!(buffered.machine().output().is_empty());
    // Whoever waits for the flush is to know, but not without having listened.
    assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
    attempt.read_blocked();
    assert_eq!(buffered.duty(&mut attempt), NextIo::PollMachine);
}

#[test]
fn nothing_is_written_that_is_held_back() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(Wait {
        want_write: false,
        ..wait
    });
    assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
}

#[test]
fn a_machine_that_waits_for_nothing_but_a_write_is_polled_behind_it() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(Wait {
        want_read: false,
        ..wait
    });
    let greeting = writes(buffered.duty(&mut attempt));
    buffered.took(greeting);
    assert_eq!(buffered.duty(&mut attempt), NextIo::Flush);
    buffered.flushed();
    assert_eq!(buffered.duty(&mut attempt), NextIo::PollMachine);
}

#[test]
fn a_peer_that_takes_nothing_more_is_heard_to_its_end() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(wait);
    writes(buffered.duty(&mut attempt));
    buffered.write_failed();
    assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
    attempt.read_blocked();
    assert_eq!(buffered.duty(&mut attempt), NextIo::AwaitReadiness);
    assert!(!attempt.wants_write() && attempt.wants_read());
    buffered.received(b"QUIT\r\n");
    let wait = settle(&mut buffered);
    assert!(wait.want_write && !wait.want_read);
    // There is nothing left to do for this machine but to write, and that cannot be.
    let mut attempt = buffered.attempt(wait);
    assert_eq!(buffered.duty(&mut attempt), NextIo::PollMachine);
    assert!(matches!(
        buffered.poll(Instant::ORIGIN).0,
        Step::Event(Event::Closed(_))
    ));
}

#[test]
fn a_peer_that_takes_nothing_more_is_given_nothing_more() {
    let (mut buffered, _) = greeting();
    buffered.took(4);
    buffered.write_failed();
    assert!(buffered.is_write_closed() && !buffered.is_writing());
    // The machine keeps what was not heard.
    let said: Vec<u8> = buffered.machine().output().into();
    assert!(said.starts_with(b"220 "));
}

#[test]
fn what_is_not_flushed_is_flushed_once_more_before_the_machine_hears_a_reply() {
    for done in [true, false] {
        let (mut buffered, wait) = greeting();
        let greeting = buffered.unwritten(true).len();
        buffered.took(greeting);
        let mut attempt = buffered.attempt(wait);
        assert_eq!(buffered.duty(&mut attempt), NextIo::Flush);
        attempt.write_blocked();
        assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
        buffered.received(b"EHLO c\r\n");
        attempt.has_read();
        assert_eq!(buffered.duty(&mut attempt), NextIo::Flush);
        if done {
            buffered.flushed();
        } else {
            attempt.write_blocked();
        }
        assert_eq!(buffered.duty(&mut attempt), NextIo::PollMachine);
    }
}

#[test]
fn what_was_read_is_for_the_machine_at_once() {
    let (mut buffered, wait) = greeting();
    let mut attempt = buffered.attempt(wait);
    writes(buffered.duty(&mut attempt));
    attempt.write_blocked();
    assert_eq!(buffered.duty(&mut attempt), NextIo::Read);
    attempt.has_read();
    assert_eq!(buffered.duty(&mut attempt), NextIo::PollMachine);
}
