use super::*;

/// The example of RFC 4505 section 4.1 has the token `sirhc`.
#[test]
fn a_trace_is_sent_and_read() {
    for trace in ["sirhc", "sirhc@example.org", "", "Jürgen"] {
        let mut client = AnonymousClient::new(trace).unwrap();
        assert_eq!(client.verify_success(), Err(MechanismError::UnexpectedStep));
        let response = client.initial_response().unwrap();
        assert_eq!(response, trace.into());
        let request = AuthRequest::parse(Mechanism::ANONYMOUS, response.expose(), None).unwrap();
        assert_eq!(request, AuthRequest::Anonymous { trace: trace.into() });
        assert_eq!(client.verify_success(), Ok(()));
        assert_eq!(client.respond(b""), Err(MechanismError::UnexpectedStep));
    }
    assert_eq!(super::super::base64::decode(b"c2lyaGM="), Some("sirhc".into()));
}

#[test]
fn a_trace_has_at_most_255_characters_and_no_controls() {
    let most = "é".repeat(255);
    assert!(parse(most.as_bytes()).is_some() && AnonymousClient::new(&most).is_some());
    for trace in [most + "x", "a\n".into(), "a\0".into(), "\u{85}".into()] {
        assert!(parse(trace.as_bytes()).is_none() && AnonymousClient::new(&trace).is_none());
    }
    assert!(parse(b"\xFF").is_none());
}
