use smtp_proto::types::{Body, ForwardPath, Host, ReversePath};
use smtp_relay::dsn::{Action, Form, Notice, Report, Returned, Status};

use super::Choices;

/// Input: a status part of a report; and, with `|` between them, a recipient, a reply, an explanation and the original
/// message for a report.
///
/// Property: a written report consists of its two or three parts, with whole lines within the limits, only octets that its
/// form allows, and a status part that parses to its values. A parsed status part has a recipient.
pub fn report(data: &[u8]) {
    if let Ok(status) = Status::parse(data) {
        assert!(!status.recipients.is_empty());
        assert!(status.recipients.len() <= Status::MAX_RECIPIENTS);
    }
    let (mut choices, rest) = Choices::of(data);
    let form = choices.one(&[Form::SevenBit, Form::EightBit, Form::International]);
    let whole = choices.yes();
    let action = choices.one(&[Action::Failed, Action::Delayed, Action::Relayed]);
    let recipients = choices.number() % 4 + 1;
    let mut pieces = rest.splitn(4, |octet| *octet == b'|');
    let mut piece = || pieces.next().unwrap_or_default();
    let address = String::from_utf8_lossy(piece()).into_owned();
    let (reply, explanation) = (piece(), String::from_utf8_lossy(piece()).into_owned());
    let original = piece();
    let postmaster = ForwardPath::parse("postmaster").expect("a path");
    let bob = ForwardPath::parse(&address).unwrap_or(postmaster);
    let here = Host::parse("mx.example.org").expect("a host");
    let sender = ReversePath::parse("ann@example.org").expect("a path");
    let notice = Notice::new(&bob, action, "5.0.0".parse().expect("a code"))
        .with_reply(&here, reply)
        .with_explanation(&explanation)
        .with_retry_until(0);
    let notices = vec![notice; recipients];
    let original = if whole {
        Returned::Full(original)
    } else {
        Returned::Headers(original)
    };
    let report = Report::new(&sender, &here, &notices, 0, 1)
        .expect("a sender and notices")
        .with_form(form)
        .with_original(original);
    let octets: Vec<u8> = report.pieces().flat_map(|piece| piece.into_owned()).collect();
    let envelope = report.envelope();
    assert!(octets.is_ascii() || envelope.parameters().body() == Some(Body::EightBitMime));
    assert!(form == Form::International || !envelope.parameters().smtputf8());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\r\n").expect("a whole line");
        assert!(text.len() <= 998 && !text.contains(&b'\r') && !text.contains(&0));
    }
    let status = status_part(&octets);
    let status =
        Status::parse(status).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(status)));
    assert_eq!(status.recipients.len(), recipients);
    for recipient in &status.recipients {
        let expected = bob
            .mailbox()
            .map_or("postmaster".to_owned(), |mailbox| mailbox.to_string());
        assert_eq!(recipient.final_recipient.value, expected);
        assert_eq!((recipient.action, recipient.others.len()), (action, 0));
        assert_eq!(recipient.will_retry_until.is_some(), action == Action::Delayed);
    }
}

/// Returns the content of the second part.
fn status_part(message: &[u8]) -> &[u8] {
    let text = String::from_utf8_lossy(message);
    let (_, boundary) = text.split_once("boundary=\"").expect("a boundary");
    let boundary = format!("\r\n--{}", boundary.split('"').next().expect("its end"));
    let delimiters: Vec<usize> = message
        .windows(boundary.len())
        .enumerate()
        .filter(|(_, octets)| *octets == boundary.as_bytes())
        .map(|(place, _)| place)
        .collect();
    let [_, second, third, _] = delimiters[..] else {
        panic!("{} delimiters", delimiters.len());
    };
    let part = &message[second + boundary.len()..third];
    let head = part
        .windows(4)
        .position(|octets| octets == b"\r\n\r\n")
        .expect("a head");
    &part[head + 4..]
}
