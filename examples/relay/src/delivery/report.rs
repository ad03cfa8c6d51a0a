//! Notifications for senders: messages of their own in the spool.

use std::{io, net::IpAddr};

use smtp_driver::Bytes;
use smtp_proto::{
    data::ContentScanner,
    types::{AddressLiteral, Host, Ret},
};
use smtp_relay::dsn::{Notice, Report, Returned};
use tokio::io::AsyncReadExt;
use tracing::{info, warn};

use super::{Shared, results::Note};
use crate::spool::{self, Claim, Facts, Head, Id, Spool, now, random};

/// Maximum octets of a message that is returned as a whole.
const MAX_RETURNED: u64 = 256 << 10;

/// Stores a report with these notes for the sender of a message.
///
/// # Errors
///
/// If the spool cannot store it.
pub(super) async fn store<S: Spool>(
    shared: &Shared<S>,
    claim: &Claim,
    notes: &[Note],
    at: u64,
) -> io::Result<()> {
    let envelope = &claim.head.envelope;
    let parameters = envelope.parameters();
    let actions = notes.iter().map(|note| note.action);
    let ret = Returned::choose(parameters, actions, claim.facts.octets, MAX_RETURNED);
    let limit = match ret {
        Ret::Full => MAX_RETURNED,
        Ret::Headers => Returned::MAX_HEADERS as u64,
    };
    let original = beginning(shared, claim, limit).await?;
    let returned = match ret {
        Ret::Full => Returned::Full(&original),
        Ret::Headers => Returned::Headers(&original),
    };
    let hosts: Vec<_> = notes
        .iter()
        .map(|note| {
            let heard = note.heard.as_ref().map(|heard| &heard.host);
            heard.or(note.by.as_ref()).and_then(|name| host(name))
        })
        .collect();
    let notices = notes.iter().zip(&hosts).filter_map(|(note, host)| {
        let recipient = envelope.recipients().get(note.n)?;
        let mut notice =
            Notice::new(recipient.forward_path(), note.action, note.status).with_last_attempt(note.at);
        if let Some(original) = recipient.parameters().original_recipient() {
            notice = notice.with_original(original);
        }
        notice = match (host, &note.heard) {
            (Some(host), Some(heard)) => notice.with_reply(host, heard.reply.as_bytes()),
            (Some(host), None) => notice.with_host(host),
            (None, _) => notice,
        };
        if let Some(explanation) = &note.explanation {
            notice = notice.with_explanation(explanation);
        }
        if let Some(until) = note.retried_until {
            notice = notice.with_retry_until(until);
        }
        Some(notice)
    });
    let notices: Vec<_> = notices.collect();
    let hostname = &shared.settings.hostname;
    let Some(mut report) = Report::new(envelope.reverse_path(), hostname, &notices, at / 1000, random())
    else {
        return Ok(());
    };
    report = report
        .with_message(claim.head.accepted / 1000, parameters)
        .with_original(returned);
    let mut to_sender = report.envelope();
    if parameters.require_tls() {
        // RFC 8689 section 5.
        let parameters = to_sender.parameters().clone().with_require_tls();
        to_sender = to_sender.with_parameters(parameters);
    }
    let routing = &shared.settings.routing;
    let next_hops = to_sender
        .recipients()
        .iter()
        .map(|recipient| routing.next_hop(recipient.forward_path()));
    let Ok(next_hops) = next_hops.collect::<Result<Vec<_>, _>>() else {
        warn!(
            sender = envelope.reverse_path().as_str(),
            "no report: the sender has no domain"
        );
        return Ok(());
    };
    let mut scanner = ContentScanner::new();
    let mut octets = Vec::new();
    for piece in report.pieces() {
        scanner.feed(&piece);
        octets.extend_from_slice(&piece);
    }
    let head = Head {
        id: Id::new(),
        accepted: now(),
        envelope: to_sender,
        next_hops,
    };
    info!(report = %head.id, sender = envelope.reverse_path().as_str(), "a report for the sender");
    spool::store(
        &shared.spool,
        head,
        Facts::of(&scanner.finish()),
        &[Bytes::from(octets)],
    )
    .await
}

/// The beginning of a message.
async fn beginning<S: Spool>(shared: &Shared<S>, claim: &Claim, limit: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    shared
        .spool
        .content(claim)
        .await?
        .take(limit)
        .read_to_end(&mut octets)
        .await?;
    Ok(octets)
}

/// A host by its name or address. A name that SMTP does not allow is left out.
fn host(text: &str) -> Option<Host<'static>> {
    match text.parse::<IpAddr>() {
        Ok(address) => Some(AddressLiteral::from(address).into()),
        Err(_) => Host::parse(text).ok().map(Host::into_owned),
    }
}
