use super::*;

fn head(envelope: Envelope) -> Head {
    let next_hops = vec!["example.org".to_owned(); envelope.recipients().len()];
    Head {
        id: Id::new(),
        accepted: 1_700_000_000_123,
        envelope,
        next_hops,
    }
}

/// The rows that a message becomes.
fn rows(head: &Head) -> (Message, Vec<Delivery>) {
    let columns = DeliveryColumns::of(head);
    let message = Message {
        id: uuid(&head.id),
        accepted: millis(head.accepted),
        reverse_path: head.envelope.reverse_path().as_str().to_owned(),
        parameters: head.envelope.parameters().to_string(),
        size: 5,
        octets: 6,
        eight_bit: true,
        utf8_header: false,
        tls_optional: true,
    };
    let deliveries = (0..columns.recipient.len()).map(|n| Delivery {
        message: message.id.clone(),
        n: i32::try_from(n).unwrap(),
        next_hop: columns.next_hop[n].clone(),
        recipient: columns.recipient[n].clone(),
        parameters: columns.parameters[n].clone(),
        due: 7,
        attempts: 1,
        ending: None,
        noticed: false,
        last_at: None,
        last_status: None,
        last_reply: None,
        heard_host: None,
        heard_reply: None,
        owed: None,
    });
    let deliveries = deliveries.collect();
    (message, deliveries)
}

#[test]
fn an_id_is_a_uuid_of_version_7_and_back() {
    let known = "0123456789abcdef0123456789ab".parse().unwrap();
    assert_eq!(uuid(&known), "01234567-89ab-7cde-8f01-23456789ab00");
    for _ in 0..100 {
        let new = Id::new();
        assert_eq!(id(&uuid(&new)), Some(new));
    }
    for other in [
        "",
        "x",
        "01234567-89ab-4cde-8f01-23456789ab00",
        "01234567-89ab-7cde-8f01-23456789abcd",
    ] {
        assert_eq!(id(other), None, "{other}");
    }
}

#[test]
fn a_lease_names_its_process_and_its_number() {
    assert_eq!(lease(-1, 0x12), "ffffffff-ffff-ffff-0000-000000000012");
    for number in [0, 1, u64::MAX] {
        assert_eq!(lease_number(&lease(i64::MIN, number)), Some(number));
    }
    // Those of a process are a range.
    assert!(
        lease(5, 0) < lease(5, 77) && lease(5, 77) < lease(5, u64::MAX) && lease(5, u64::MAX) < lease(6, 0)
    );
}

#[test]
fn an_envelope_survives_with_all_its_parameters() {
    let parameters = "SIZE=100 BODY=8BITMIME RET=HDRS ENVID=QQ+2B314 SMTPUTF8 REQUIRETLS AUTH=a@b.example BY=120;RT MT-PRIORITY=4 X-NEW=1";
    let envelope = Envelope::new(ReversePath::parse("\"a b\"@sender.example").unwrap())
        .with_parameters(MailParameters::parse(parameters).unwrap())
        .recipient(ForwardPath::parse("ü@bücher.example").unwrap())
        .recipient(ForwardPath::parse("<@a.example,@b.example:u@[IPv6:2001:db8::1]>").unwrap())
        .recipient_with(
            ForwardPath::parse("Postmaster").unwrap(),
            RcptParameters::parse("NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2B@example.org X-A").unwrap(),
        );
    let head = head(envelope);
    let (message, deliveries) = rows(&head);
    let stored = message.with(deliveries).unwrap();
    assert_eq!(stored.head, head);
    assert_eq!(
        (stored.facts.size, stored.facts.octets, stored.facts.tls_optional),
        (5, 6, true)
    );
    assert_eq!((stored.states.len(), stored.states[2].attempts), (3, 1));
}

#[test]
fn a_notification_has_an_empty_reverse_path() {
    let head = head(Envelope::parse("<>", ["u@example.org"]).unwrap());
    let (message, deliveries) = rows(&head);
    assert_eq!(message.reverse_path, "");
    assert_eq!(message.with(deliveries).unwrap().head, head);
}

#[test]
fn parameters_have_columns_for_other_programs() {
    let parameters = "BODY=BINARYMIME RET=FULL ENVID=x BY=-60;N MT-PRIORITY=-3";
    let envelope = Envelope::parse("a@sender.example", ["u@example.org"]).unwrap();
    let head = head(envelope.with_parameters(MailParameters::parse(parameters).unwrap()));
    let expected = MailColumns {
        envid: Some("x".into()),
        ret: Some(1),
        body: Some(2),
        deliver_by: Some(1_700_000_000_123 - 60_000),
        by_mode: Some("N"),
        priority: -3,
    };
    assert_eq!(MailColumns::of(&head), expected);
    assert_eq!(bits(Notify::NEVER), 0);
    assert_eq!(bits(Notify::SUCCESS | Notify::DELAY), 5);
}

#[test]
fn results_become_columns() {
    let last = Last {
        at: 9,
        status: "4.2.1".into(),
        text: "busy\0".into(),
    };
    let waiting = State {
        due: u64::MAX,
        attempts: 3,
        last: Some(last),
        heard: Some(Heard {
            host: "mx1".into(),
            reply: "450 busy".into(),
        }),
        ..State::default()
    };
    let ended = State {
        ending: Some(Ending::Failed),
        owed: Some("mx2\0".into()),
        ..State::default()
    };
    let columns = ResultColumns::of(&[Progress { n: 4, state: waiting }, Progress { n: 0, state: ended }]);
    assert_eq!(columns.owed, [None, Some("mx2\u{fffd}".into())]);
    assert_eq!((&columns.n[..], &columns.due[..]), (&[4, 0][..], &[LAST, 0][..]));
    assert_eq!(columns.ending, [None, Some(2)]);
    assert_eq!(columns.last_reply, [Some("busy\u{fffd}".into()), None]);
    assert_eq!(columns.heard_host, [Some("mx1".into()), None]);
    assert_eq!(columns.heard_reply, [Some("450 busy".into()), None]);
}

#[test]
fn rows_that_are_no_message_are_damaged() {
    let head = head(Envelope::parse("a@sender.example", ["u@example.org", "v@example.org"]).unwrap());
    let (message, deliveries) = rows(&head);
    assert!(message.clone().with(vec![deliveries[1].clone()]).is_err());
    let mut changed = deliveries.clone();
    changed[0].recipient = "no address".into();
    assert!(message.clone().with(changed).is_err());
    let mut changed = deliveries.clone();
    changed[1].ending = Some(9);
    assert!(message.clone().with(changed).is_err());
    let message = Message {
        reverse_path: "x".into(),
        ..message
    };
    assert!(message.with(deliveries).is_err());
}
