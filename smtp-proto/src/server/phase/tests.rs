use std::{format, string::String, vec::Vec};

use super::*;
use crate::{
    server::{Timeouts, question::MailQuestion},
    state::Move,
    types::Protocol,
};
use alloc::collections::BTreeSet;

fn pace() -> Pace {
    Pace::new(&Timeouts::default())
}

const MAIL: MailQuestion = MailQuestion {
    body: None,
    smtputf8: false,
    prdr: false,
};

fn transaction(recipients: u32) -> Transaction {
    let mut transaction = Transaction::new(Protocol::Lmtp, MAIL);
    (0..recipients).for_each(|index| transaction.accept(index));
    transaction
}

fn transfer() -> Transfer {
    Transfer::new(transaction(2), pace(), None)
}

fn exchange() -> Box<Exchange> {
    Box::new(Exchange {
        mechanism: crate::sasl::Mechanism::PLAIN,
        awaits: crate::server::exchange::Awaits::Everything,
    })
}

/// Every phase, those with several states more than once.
fn phases() -> Vec<Phase> {
    let text = Text::new(transfer(), BareLineEndings::Keep);
    std::vec![
        Phase::Connected,
        Phase::Reconnected,
        Phase::Refused,
        Phase::Greeted,
        Phase::Ready(Ready::Fresh),
        Phase::Ready(Ready::MailRefused),
        Phase::Auth(exchange()),
        Phase::StartTls(State::Greeted),
        Phase::StartTls(State::Ready),
        Phase::Handshake(Handshake::Implicit),
        Phase::Handshake(Handshake::Upgrade(State::Ready)),
        Phase::Envelope(transaction(0)),
        Phase::Envelope(transaction(2)),
        Phase::Text(text),
        Phase::Chunk(transfer(), Chunk::new(3, false)),
        Phase::Chunk(transfer(), Chunk::new(3, true)),
        Phase::Chunk(transfer(), Chunk::refused(3, false)),
        Phase::Chunk(transfer(), Chunk::refused(3, true)),
        Phase::BetweenChunks(transfer()),
        Phase::Broken,
        Phase::Verdicts(Verdicts::new(transaction(2), State::Data)),
        Phase::Verdicts(Verdicts::new(transaction(1), State::Chunks)),
        Phase::Closed(Closed::Quit),
    ]
}

/// Every step, and the moves of the table of states that it can be.
fn steps() -> Vec<(Step, &'static [Move])> {
    const NONE: &[Move] = &[];
    std::vec![
        (Step::Greet, &[Move::Greeting][..]),
        (Step::RefuseGreeting, &[Move::NoService]),
        (Step::Hello, &[Move::Hello]),
        (Step::Xclient, &[Move::Xclient]),
        (Step::Challenge(exchange()), &[Move::Auth]),
        (Step::Response, &[Move::Auth]),
        (Step::StartTls, NONE),
        (Step::BeginHandshake, NONE),
        (Step::Secured, &[Move::StartTls]),
        (Step::RefuseMail, NONE),
        (Step::Mail(transaction(0)), &[Move::Mail]),
        (Step::RefuseRcpt, NONE),
        (Step::Recipient(7), &[Move::Rcpt]),
        (Step::Text(pace(), BareLineEndings::Keep), &[Move::Data]),
        (
            Step::FirstChunk(pace(), Chunk::new(1, false), None),
            &[Move::Bdat]
        ),
        (Step::NextChunk(Chunk::new(1, false)), &[Move::Bdat]),
        (Step::ChunkAccepted, &[Move::Bdat]),
        (Step::Complete, NONE),
        (
            Step::Refuse(Reset::TooBig),
            &[Move::EndOfData, Move::RefusedChunk]
        ),
        (Step::Verdict(Verdict::Accepted), &[Move::EndOfData]),
        (Step::Unanswered, &[Move::EndOfData]),
        (Step::Rset, &[Move::Rset]),
        (Step::Quit, &[Move::Quit]),
    ]
}

#[test]
fn phases_agree_with_the_table_of_states() {
    let mut taken = BTreeSet::new();
    for at in 0..phases().len() {
        for (step, moves) in steps() {
            let phase = phases().remove(at);
            let (before, was, what) = (phase.state(), format!("{phase:?}"), format!("{step:?}"));
            let mut next = phase;
            let _ = next.advance(step);
            if format!("{next:?}") == was {
                continue;
            }
            let after = next.state();
            let allowed = moves.iter().filter(|step| before.after(**step) == Some(after));
            let names: Vec<String> = allowed
                .map(|step| format!("{before:?} {step:?} {after:?}"))
                .collect();
            assert!(
                !names.is_empty() || before == after || after == State::Closed,
                "{was}, {what}: {before:?} -> {after:?}"
            );
            taken.extend(names);
        }
    }
    // The table has no row that no phase can take, but for commands that change nothing.
    for state in State::ALL {
        for step in Move::ALL {
            let Some(next) = state.after(step).filter(|next| *next != state) else {
                continue;
            };
            let row = format!("{state:?} {step:?} {next:?}");
            assert!(taken.contains(&row) || step == Move::Quit, "{row}");
        }
    }
}

#[test]
fn a_transaction_ends_with_its_verdicts_or_with_a_reset() {
    for at in 0..phases().len() {
        for (step, _) in steps() {
            let mut phase = phases().remove(at);
            let was = format!("{phase:?}");
            let (open, is_verdict) = (phase.has_transaction(), matches!(step, Step::Verdict(_)));
            let reset = phase.advance(step);
            let ends = open && !phase.has_transaction();
            assert_eq!(reset.is_some(), ends && !is_verdict, "{was}");
        }
        let mut phase = phases().remove(at);
        let open = phase.has_transaction();
        let reset = phase.advance(Step::Close(Closed::ConnectionLost));
        assert_eq!(reset.is_some(), open);
        assert_eq!(phase.state(), State::Closed);
    }
}

#[test]
fn one_file_assigns_the_phase() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/server")).unwrap();
    let mut read = 0;
    for path in files.map(|entry| entry.unwrap().path()) {
        // Directories hold tests.
        if !path.is_file() || path.ends_with("phase.rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for change in [".phase = ", "(&mut self.phase", "*phase = "] {
            assert!(!source.contains(change), "{}: {change}", path.display());
        }
        read += 1;
    }
    assert!(read > 20, "{read} files");
}
