//! The way to the next hop in memory, against answers that are ready.

use std::{hint::black_box, net::Ipv4Addr, sync::Arc};

use smtp_proto::syntax::parse_reply;
use smtp_relay::{
    Name,
    route::{
        Answer, Config, Dane, Denied, Destination, Family, Fate, Mx, Need, Outcome, Question, Route,
        Security, Step,
    },
    tlsa::Tlsa,
};

use crate::{Case, Round};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "route/one-host/smtp-relay",
        unit: "step",
        start: || rounds(1, Security::Insecure),
    },
    Case {
        name: "route/five-hosts/smtp-relay",
        unit: "step",
        start: || rounds(5, Security::Insecure),
    },
    Case {
        name: "route/dane/smtp-relay",
        unit: "step",
        start: || rounds(1, Security::Secure),
    },
];

/// Routes of one recipient to a domain with some hosts, of which the last one accepts. A unit is a step: a question and its
/// answer, an attempt and its outcome, or the end.
fn rounds(hosts: u16, security: Security) -> Round {
    let mut config = Config::default();
    config.dane = Dane::Verify;
    let config = Arc::new(config);
    let domain = Name::parse("example.org").expect("the name is valid");
    let accepted = parse_reply(b"250 2.0.0 queued\r\n")
        .expect("the reply is valid")
        .into_owned();
    Box::new(move || {
        let to = Destination::Domain(black_box(&domain).clone());
        let mut route = Route::new(Arc::clone(&config), to, 1, Need::Usual, 7);
        let mut steps = 0;
        let mut left = hosts;
        loop {
            steps += 1;
            match route.poll() {
                Step::Ask { question, ticket } => {
                    let answer = answer(&question, hosts, security);
                    route.answer(ticket, answer).expect("the ticket is new");
                }
                Step::Connect { target, ticket, .. } => {
                    black_box(target);
                    left -= 1;
                    let outcome = match left {
                        0 => Outcome::Ran(vec![Fate::Accepted(accepted.clone())]),
                        _ => Outcome::Unreachable,
                    };
                    route.attempted(ticket, outcome).expect("the ticket is new");
                }
                Step::Done(results) => {
                    black_box(results);
                    return steps;
                }
                Step::Finding(_) | Step::Wait => {}
            }
        }
    })
}

fn answer(question: &Question, hosts: u16, security: Security) -> Answer {
    match question {
        Question::Mx(name) => Answer::Mx {
            name: name.clone(),
            records: (1..=hosts)
                .map(|n| Mx::new(10 * n, &format!("mx{n}.example.org")))
                .collect(),
            security,
        },
        Question::Addresses(name, Family::V4) => Answer::Addresses {
            name: name.clone(),
            addresses: vec![Ipv4Addr::new(192, 0, 2, 1).into()],
            security,
        },
        Question::Tlsa { .. } => Answer::Tlsa {
            records: vec![Tlsa::new(3, 1, 1, vec![7; 32])],
            security,
        },
        Question::Sts(_) => Answer::Sts {
            policy: None,
            fault: None,
        },
        _ => Answer::None {
            denied: Denied::Type,
            security,
        },
    }
}
