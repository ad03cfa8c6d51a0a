//! Vectors: a DNS as a table, a host as a function, and the path of a route between them.

use std::{string::String, vec};

use alloc::{string::ToString, sync::Arc, vec::Vec};
use core::net::IpAddr;

use smtp_proto::{
    client::{ReplyTo, Retry},
    syntax::parse_reply,
    types::Reply,
};

use super::*;
use crate::{Name, sts::parse_policy};

mod dane;
mod dns;
mod hosts;
mod machine;
mod mx;
mod outcome;
mod past;
mod receipt;
mod require_tls;
mod smart_host;
mod sts;
mod tls;

use dns::Dns;

/// The way of a route.
#[derive(Debug)]
struct Way {
    /// The questions, as `NAME TYPE`.
    asked: Vec<String>,
    /// The targets, and the recipients offered to each.
    tried: Vec<(Target, Vec<usize>)>,
    findings: Vec<Finding>,
    end: Vec<Final>,
}

/// A route with a table for its DNS.
struct World {
    dns: Dns,
    config: Config,
    to: Destination,
    recipients: usize,
    need: Need,
    past: Past,
    seed: u64,
}

/// A world whose destination is `d.example`.
fn world(table: &str) -> World {
    World {
        dns: Dns::new(table),
        config: Config {
            own_names: vec![name("me.example")],
            own_addresses: vec![ip("192.0.2.99"), ip("2001:db8::99")],
            ..Config::default()
        },
        to: Destination::Domain(name("d.example")),
        recipients: 1,
        need: Need::Usual,
        past: Past::Over(Family::V4),
        seed: 1,
    }
}

impl World {
    /// Runs a route in which every host does the same.
    fn run(self, mut host: impl FnMut(&Target) -> Outcome) -> Way {
        self.run_with(|target, _| host(target).into())
    }

    /// Runs a route in which every host accepts.
    fn delivered(self) -> Way {
        let way = self.run_with(|_, recipients| accept(recipients));
        assert!(
            way.end.iter().all(|end| matches!(end, Final::Delivered { .. })),
            "{way:?}"
        );
        way
    }

    fn run_with(self, mut host: impl FnMut(&Target, &[usize]) -> Attempted) -> Way {
        let Self {
            dns,
            config,
            to,
            recipients,
            need,
            past,
            seed,
        } = self;
        let mut route = Route::new(Arc::new(config), to, recipients, need, seed).with_past(past);
        let (mut asked, mut tried, mut findings) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..500 {
            match route.poll() {
                Step::Ask { question, ticket } => {
                    asked.push(question.to_string());
                    route.answer(ticket, dns.answer(&question)).unwrap();
                }
                Step::Connect {
                    target,
                    recipients,
                    ticket,
                } => {
                    let outcome = host(&target, &recipients);
                    tried.push((target, recipients));
                    route.attempted(ticket, outcome).unwrap();
                }
                Step::Finding(finding) => findings.push(finding),
                Step::Wait => panic!("waits for nothing"),
                Step::Done(end) => {
                    return Way {
                        asked,
                        tried,
                        findings,
                        end,
                    };
                }
            }
        }
        panic!("no end: {asked:?}");
    }
}

impl Way {
    /// The hosts that were tried.
    fn hosts(&self) -> Vec<String> {
        self.tried
            .iter()
            .map(|(target, _)| target.host.to_string())
            .collect()
    }

    fn addresses(&self) -> Vec<IpAddr> {
        self.tried
            .iter()
            .flat_map(|(target, _)| target.addresses.clone())
            .collect()
    }

    fn demands(&self) -> Vec<TlsDemand> {
        self.tried.iter().map(|(target, _)| target.tls.clone()).collect()
    }

    /// The one result, as its kind and status.
    fn status(&self) -> String {
        assert_eq!(self.end.len(), 1, "{self:?}");
        show(&self.end[0])
    }

    fn asked(&self, question: &str) -> bool {
        self.asked.iter().any(|asked| asked == question)
    }

    /// The results that were reported, as `policy result`.
    fn findings(&self) -> Vec<String> {
        let word = |finding: &Finding| finding.result.map_or_else(ResultType::as_str, |()| "ok");
        let findings = self.findings.iter();
        findings
            .map(|finding| std::format!("{} {}", finding.policy.as_str(), word(finding)))
            .collect()
    }
}

fn show(end: &Final) -> String {
    let kind = match end {
        Final::Delivered { .. } => "delivered",
        Final::Failed(_) => "failed",
        Final::Deferred(_) => "deferred",
    };
    std::format!("{kind} {}", end.status())
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn reply(text: &str) -> Reply<'static> {
    let line = std::format!("{text}\r\n");
    parse_reply(line.as_bytes()).unwrap().into_owned()
}

/// A fate by the reply to RCPT.
fn fate(text: &str) -> Fate {
    let reply = reply(text);
    match Retry::of_reply(&reply) {
        None => Fate::Accepted(reply),
        Some(retry) => Fate::Refused {
            to: ReplyTo::Recipient(0),
            reply,
            retry,
        },
    }
}

fn accept(recipients: &[usize]) -> Attempted {
    Outcome::Ran(vec![fate("250 2.0.0 queued"); recipients.len()]).into()
}

/// Every host is down.
fn down(_: &Target) -> Outcome {
    Outcome::Unreachable
}

/// Every host accepts one recipient.
fn up(_: &Target) -> Outcome {
    Outcome::Ran(vec![fate("250 2.0.0 queued")])
}

fn web_pki(host: &str) -> TlsDemand {
    TlsDemand::WebPki { name: name(host) }
}

const TWO: &str = "
    d.example MX 10 a.example
    d.example MX 20 b.example
    a.example A 192.0.2.1
    b.example A 192.0.2.2
";
