use super::*;

#[test]
fn an_identity_may_be_asked_for() {
    for identity in [None, Some("fred@example.com"), Some("Jürgen")] {
        let mut client = ExternalClient::new(identity).unwrap();
        assert_eq!(client.finish(), Err(MechanismError::Unexpected));
        let response = client.initial().unwrap();
        assert_eq!(response, identity.unwrap_or_default().into());
        let claim = AuthRequest::parse(Mechanism::EXTERNAL, response.expose(), Some(b"cert")).unwrap();
        assert_eq!(
            claim,
            AuthRequest::External {
                certificate: b"cert".into(),
                authorization_id: identity.map(Into::into)
            }
        );
        assert_eq!(client.finish(), Ok(()));
        assert_eq!(client.respond(b""), Err(MechanismError::Unexpected));
    }
}

#[test]
fn what_is_no_name_is_refused() {
    for response in [b"a\0b".as_slice(), b"\0", b"a\r\n", b"\xFF", &[b'x'; 256]] {
        assert_eq!(parse(response, Some(b"cert")), None);
    }
    assert_eq!(parse(b"", None), None, "there is no certificate");
    assert!(ExternalClient::new(Some("")).is_none());
    assert!(ExternalClient::new(Some("a\0")).is_none());
}
