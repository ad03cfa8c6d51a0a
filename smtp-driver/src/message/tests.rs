use super::*;

#[test]
fn an_envelope_with_octets_is_a_message() {
    let envelope = Envelope::parse("ann@example.org", ["bob@example.net"]).unwrap();
    let message = (envelope.clone(), b"Hi\r\n");
    assert_eq!(message.into_message(), Ok((envelope, b"Hi\r\n")));
}

#[cfg(feature = "mail-builder")]
mod of_mail_builder {
    use ::mail_builder::{
        MessageBuilder,
        headers::{address::Address, raw::Raw},
    };

    use super::*;

    fn builder() -> MessageBuilder<'static> {
        MessageBuilder::new()
            .from(("Ann", "ann@example.org"))
            .to("bob@example.net")
            .text_body("Hi\n")
    }

    fn fault(message: MessageBuilder<'_>) -> InvalidMessage {
        message.into_message().unwrap_err()
    }

    #[test]
    fn the_envelope_has_the_addresses_of_the_header() {
        let group = Address::new_group(
            Some("Friends"),
            vec!["dan@example.net".into(), "eve@example.net".into()],
        );
        let message = builder()
            .cc(Address::new_list(vec![
                "carl@example.net".into(),
                group,
                "bob@example.net".into(),
            ]))
            .bcc("fred@example.net");
        let (envelope, octets) = (&message).into_message().unwrap();
        let recipients = ["bob", "carl", "dan", "eve", "fred"].map(|user| format!("{user}@example.net"));
        assert_eq!(envelope, Envelope::parse("ann@example.org", recipients).unwrap());
        let text = String::from_utf8(octets).unwrap();
        assert!(
            text.contains("carl@example.net") && !text.contains("fred"),
            "{text}"
        );
        // It can be sent again.
        assert_eq!(message.into_message().unwrap().0, envelope);
    }

    #[test]
    fn the_sender_goes_before_the_author() {
        let message = builder()
            .from(vec!["ann@example.org", "gus@example.org"])
            .sender("office@example.org");
        let (envelope, _) = message.into_message().unwrap();
        assert_eq!(envelope.reverse_path().as_str(), "office@example.org");
    }

    #[test]
    fn names_of_fields_have_no_case() {
        let message = builder().header("BCC", Address::from("fred@example.net"));
        let (envelope, octets) = message.into_message().unwrap();
        assert_eq!(envelope.recipients().len(), 2);
        assert!(!String::from_utf8(octets).unwrap().contains("fred"));
    }

    #[test]
    fn faults_are_named() {
        let empty = MessageBuilder::new();
        assert_eq!(fault(empty.clone()), InvalidMessage::NoSender);
        assert_eq!(
            fault(builder().from("gus@example.org")),
            InvalidMessage::SeveralAuthors
        );
        assert_eq!(fault(empty.from("ann@example.org")), InvalidMessage::NoRecipient);
        let raw = fault(builder().header("cc", Raw::new("carl@example.net")));
        assert_eq!(raw, InvalidMessage::NotAddresses("cc".into()));
        for address in [
            "",
            "bob",
            "<>",
            "bob@exa mple.net",
            "bob@example.net>\r\nRCPT TO:<carl@x",
        ] {
            let fault = fault(builder().to(address));
            assert!(matches!(fault, InvalidMessage::Address { .. }), "{fault}");
            assert!(!fault.to_string().contains('\n'));
        }
    }
}

#[cfg(feature = "lettre")]
#[test]
fn a_message_of_lettre_has_its_own_envelope() {
    let message = ::lettre::Message::builder()
        .from("Ann <ann@example.org>".parse().unwrap())
        .to("bob@example.net".parse().unwrap())
        .bcc("fred@example.net".parse().unwrap())
        .body(String::from("Hi"))
        .unwrap();
    let (envelope, octets) = (&message).into_message().unwrap();
    let expected = Envelope::parse("ann@example.org", ["bob@example.net", "fred@example.net"]);
    assert_eq!(envelope, expected.unwrap());
    let text = String::from_utf8(octets).unwrap();
    assert!(text.ends_with("\r\n\r\nHi") && !text.contains("fred"), "{text}");
    assert_eq!(message.into_message().unwrap().0, envelope);
}
