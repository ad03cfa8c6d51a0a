//! The memory of a session is bounded, for every behaviour of the client and of the application.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic reports a failed test"
)]

use std::time::Duration;

use allocation_counter::measure;
use smtp_proto::{
    Instant, Machine, Step,
    limits::Threshold,
    server::{Closed, Config, Event, Server, Ticket},
    types::{Host, Keyword},
};

/// Octets that a driver reads at once: the minimum size of its buffer.
const READ: usize = 4096;

/// Memory limit of a session, including the buffer of the driver: the longest line, one read, and some replies.
const MAX_MEMORY: u64 = 64 << 10;

fn config() -> Config {
    let mut config = Config::new(Host::parse("mx.test").unwrap());
    // Disable the limits that would end these sessions early.
    config.limits.errors = Threshold::new(u32::MAX, u32::MAX);
    config.limits.unknown_commands = Threshold::new(u32::MAX, u32::MAX);
    config.limits.max_idle_commands = u32::MAX;
    config
}

/// Behaviour of the client and of the application.
struct Ends {
    client_reads: bool,
    application_answers: bool,
}

/// Drives a session whose client sends `first` and then `again` up to `times` times, as long as the machine reads. Time
/// passes only while nothing else can happen. Returns the number of times that `again` was sent, and the reason of the
/// end.
fn drive(config: Config, ends: &Ends, first: &[u8], again: &[u8], times: usize) -> (usize, Option<Closed>) {
    let mut server = Server::new(config.into());
    let mut now = Instant::ORIGIN;
    let mut sent = 0;
    let mut outcome = None;
    let info = measure(|| {
        let mut buffer: Vec<u8> = Vec::new();
        let mut tickets: Vec<Ticket> = Vec::new();
        let (mut first, mut rest) = (first, &again[..0]);
        loop {
            let mut input = buffer.as_slice();
            let wait = loop {
                match server.poll(&mut input, now) {
                    Step::Event(Event::Closed(why)) => {
                        outcome = Some(why);
                        return;
                    }
                    Step::Event(event) => {
                        let Some(ticket) = event.into_ticket() else {
                            continue;
                        };
                        if ends.application_answers {
                            server.accept(ticket).unwrap();
                        } else {
                            tickets.push(ticket);
                        }
                    }
                    Step::Wait(wait) => break wait,
                }
            };
            let used = buffer.len() - input.len();
            buffer.drain(..used);
            // Drop old tickets, as an application would.
            tickets.truncate(16);
            if wait.want_write && ends.client_reads {
                server.advance_output(server.output().len());
            } else if wait.want_read && (!first.is_empty() || !rest.is_empty() || sent < times) {
                for source in [&mut first, &mut rest] {
                    let (now, later) = source.split_at(source.len().min(READ));
                    buffer.extend_from_slice(now);
                    *source = later;
                }
                if rest.is_empty() && sent < times {
                    rest = again;
                    sent += 1;
                }
            } else if let Some(deadline) = wait.deadline {
                now = now.max(deadline.at);
            } else {
                return;
            }
        }
    });
    assert!(info.bytes_max < MAX_MEMORY, "{info:?}");
    (sent, outcome)
}

const WILLING: Ends = Ends {
    client_reads: true,
    application_answers: true,
};

const TRANSACTION: &[u8] = b"EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\n";

/// Tolerates early talkers, because this driver passes all input at once.
fn greeted(mut config: Config) -> Config {
    config.early_talker = smtp_proto::server::EarlyTalker::Tolerate;
    config
}

#[test]
fn an_endless_line_is_cut_off() {
    let (sent, closed) = drive(greeted(config()), &WILLING, b"", &[b'x'; READ], 1_000_000);
    assert_eq!(closed, Some(Closed::DropLimit));
    assert!(sent < 300, "{sent}");
}

#[test]
fn endless_text_over_the_limit_is_cut_off() {
    let mut config = greeted(config());
    config.set_max_message_size(100_000);
    config.limits.max_discarded_octets = 1 << 20;
    let first = [TRANSACTION, b"DATA\r\n"].concat();
    let (sent, closed) = drive(config, &WILLING, &first, &[b'x'; READ], 1_000_000);
    assert_eq!(closed, Some(Closed::DropLimit));
    assert!((200..300).contains(&sent), "{sent}");
}

#[test]
fn endless_dots_and_line_ends_use_bounded_memory() {
    for text in ["..\r\n", "\r", "\n", "\r\n..\r", ".\r\r\n"] {
        let first = [TRANSACTION, b"DATA\r\n"].concat();
        let (sent, _) = drive(
            greeted(config()),
            &WILLING,
            &first,
            text.repeat(1000).as_bytes(),
            200,
        );
        assert_eq!(sent, 200);
    }
}

#[test]
fn endless_refused_chunks_are_cut_off() {
    let mut config = greeted(config());
    config.limits.max_discarded_octets = 1 << 20;
    let chunk = [b"BDAT 10000\r\n", [b'x'; 10_000].as_slice()].concat();
    for first in [&b"EHLO client.test\r\n"[..], b""] {
        let (sent, closed) = drive(config.clone(), &WILLING, first, &chunk, 1_000_000);
        assert_eq!(closed, Some(Closed::DropLimit));
        assert!(sent < 120, "{sent}");
    }
    config.set_max_message_size(100);
    let (_, closed) = drive(config.clone(), &WILLING, TRANSACTION, &chunk, 1_000_000);
    assert_eq!(closed, Some(Closed::DropLimit));
    config.extensions.remove(Keyword::Chunking);
    let (_, closed) = drive(config, &WILLING, TRANSACTION, &chunk, 1_000_000);
    assert_eq!(closed, Some(Closed::DropLimit));
}

#[test]
fn a_client_that_never_reads_stops_being_read() {
    let ends = Ends {
        client_reads: false,
        ..WILLING
    };
    let group = b"NOOP\r\n".repeat(1000);
    let (sent, closed) = drive(greeted(config()), &ends, b"", &group, 100);
    assert_eq!(closed, Some(Closed::TimedOut(smtp_proto::Phase::Write)));
    assert!(sent <= 2, "{sent}");
}

#[test]
fn a_hundred_thousand_commands_use_bounded_memory() {
    let (sent, _) = drive(greeted(config()), &WILLING, b"", &b"NOOP\r\n".repeat(1000), 100);
    assert_eq!(sent, 100);
    let faults = b"FROB\r\nDATA\r\nMAIL FROM:<\xff>\r\n\r\nRCPT TO:<a@b>\r\n".repeat(100);
    let (sent, _) = drive(greeted(config()), &WILLING, b"EHLO client.test\r\n", &faults, 200);
    assert_eq!(sent, 200);
}

#[test]
fn a_question_that_is_never_answered_times_out() {
    let ends = Ends {
        application_answers: false,
        ..WILLING
    };
    let mut config = greeted(config());
    config.timeouts.application = Duration::from_secs(1);
    let (_, closed) = drive(config, &ends, b"", &b"NOOP\r\n".repeat(1000), 10);
    assert_eq!(closed, Some(Closed::Rejected), "it was never greeted");
}

#[test]
fn recipients_that_are_never_answered_time_out() {
    // Answer all questions but those of RCPT.
    let mut server = Server::new(greeted(config()).into());
    let mut now = Instant::ORIGIN;
    let mut replies = 0;
    let info = measure(|| {
        let line = [TRANSACTION, &b"RCPT TO:<b@mx.test>\r\n".repeat(999)].concat();
        let mut input = line.as_slice();
        loop {
            match server.poll(&mut input, now) {
                Step::Event(Event::Recipient { .. }) => {}
                Step::Event(event) => {
                    if let Some(ticket) = event.into_ticket() {
                        server.accept(ticket).unwrap();
                    }
                }
                Step::Wait(wait) if wait.want_write => {
                    replies += server.output().split(|octet| *octet == b'\n').count() - 1;
                    server.advance_output(server.output().len());
                }
                Step::Wait(wait) if wait.application_pending => now = wait.deadline.unwrap().at,
                Step::Wait(_) => break,
            }
        }
        assert!(input.is_empty());
    });
    assert!(info.bytes_max < MAX_MEMORY, "{info:?}");
    assert!(replies > 1000, "{replies}");
}
