use super::*;

#[test]
fn the_client_may_send_an_authorization_id() {
    for identity in [None, Some("fred@example.com"), Some("Jürgen")] {
        let mut client = ExternalClient::new(identity).unwrap();
        assert_eq!(client.verify_success(), Err(MechanismError::UnexpectedStep));
        let response = client.initial_response().unwrap();
        assert_eq!(response, identity.unwrap_or_default().into());
        let request = AuthRequest::parse(Mechanism::EXTERNAL, response.expose(), Some(b"cert")).unwrap();
        assert_eq!(
            request,
            AuthRequest::External {
                certificate: b"cert".into(),
                authorization_id: identity.map(Into::into)
            }
        );
        assert_eq!(client.verify_success(), Ok(()));
        assert_eq!(client.respond(b""), Err(MechanismError::UnexpectedStep));
    }
}

#[test]
fn invalid_names_are_refused() {
    for response in [b"a\0b".as_slice(), b"\0", b"a\r\n", b"\xFF", &[b'x'; 256]] {
        assert_eq!(parse(response, Some(b"cert")), None);
    }
    assert_eq!(parse(b"", None), None, "there is no certificate");
    assert!(ExternalClient::new(Some("")).is_none());
    assert!(ExternalClient::new(Some("a\0")).is_none());
}
