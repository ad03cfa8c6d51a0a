use super::*;
use crate::sasl::base64;
use crate::secret::tests::shows;
use alloc::borrow::ToOwned;
use proptest::prelude::*;

const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

fn request(user: Option<&str>, token: &str) -> AuthRequest {
    AuthRequest::Bearer {
        user: user.map(ToOwned::to_owned),
        token: token.into(),
    }
}

/// RFC 7628 section 4.1, and section 4.2 in the same form with another port.
#[test]
fn the_example_of_oauthbearer() {
    let context = Context {
        host: Some("server.example.com"),
        port: Some(143),
        ..Context::default()
    };
    let mut client = BearerClient::oauthbearer("user@example.com", &TOKEN.into(), &context).unwrap();
    assert_eq!(client.mechanism(), Mechanism::OAUTHBEARER);
    let response = client.initial_response().unwrap();
    let encoded = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRx\
                   bVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
    assert_eq!(base64::decode(encoded.as_bytes()).as_ref(), Some(&response));
    assert_eq!(
        AuthRequest::parse(Mechanism::OAUTHBEARER, response.expose(), None),
        Ok(request(Some("user@example.com"), TOKEN))
    );
    assert_eq!(client.verify_success(), Ok(()));
}

/// RFC 7628 section 4.3: a client without a token receives the error challenge.
#[test]
fn a_client_without_a_token_discovers_the_error_challenge() {
    let encoded = b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9AQE=";
    let response = base64::decode(encoded).unwrap();
    assert!(response.expose().ends_with(b"\x01auth=\x01\x01"));
    let asks = |response| discovery(Mechanism::OAUTHBEARER, response).is_some();
    assert!(asks(response.expose()));
    assert!(discovery(Mechanism::XOAUTH2, response.expose()).is_none());
    assert!(AuthRequest::parse(Mechanism::OAUTHBEARER, response.expose(), None).is_err());
    assert!(asks(b"n,,\x01auth=\x01host=x\x01\x01"));
    for other in [
        "n,,\x01\x01",
        "n,,\x01host=x\x01\x01",
        "n,,\x01auth=\x01",
        "n,,\x01auth= \x01\x01",
        "n,,\x01auth=Bearer\x01\x01",
        "n,,\x01auth=Bearer t\x01\x01",
        "n,,\x01auth=\x01auth=\x01\x01",
        "n,,\x01auth=\x01auth=Bearer t\x01\x01",
        "p=tls-exporter,,\x01auth=\x01\x01",
    ] {
        assert!(!asks(other.as_bytes()), "{other:?}");
    }
}

#[test]
fn a_failure_is_acknowledged() {
    let token = TOKEN.into();
    for (client, acknowledgement) in [
        (
            BearerClient::oauthbearer("a", &token, &Context::default()),
            "\x01",
        ),
        (BearerClient::xoauth2("a", &token), ""),
    ] {
        let mut client = client.unwrap();
        assert_eq!(client.respond(b"{}"), Err(MechanismError::UnexpectedStep));
        assert_eq!(client.verify_success(), Err(MechanismError::UnexpectedStep));
        client.initial_response().unwrap();
        assert_eq!(
            client.respond(failure(client.mechanism()).unwrap()),
            Ok(acknowledgement.into())
        );
        assert_eq!(client.verify_success(), Err(MechanismError::UnexpectedStep));
        assert_eq!(client.respond(b"{}"), Err(MechanismError::UnexpectedStep));
    }
    assert_eq!(
        failure(Mechanism::OAUTHBEARER),
        Some(br#"{"status":"invalid_token"}"#.as_slice())
    );
    assert_eq!(
        failure(Mechanism::XOAUTH2),
        Some(br#"{"status":"401","schemes":"bearer"}"#.as_slice())
    );
}

/// The example that Google gives for XOAUTH2.
#[test]
fn the_example_of_xoauth2() {
    let token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
    let encoded = "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZ\
                   Mjl0Q2cBAQ==";
    let mut client = BearerClient::xoauth2("someuser@example.com", &token.into()).unwrap();
    let response = client.initial_response().unwrap();
    assert_eq!(base64::decode(encoded.as_bytes()).as_ref(), Some(&response));
    assert_eq!(
        AuthRequest::parse(Mechanism::XOAUTH2, response.expose(), None),
        Ok(request(Some("someuser@example.com"), token))
    );
    assert_eq!(client.verify_success(), Ok(()));
}

#[test]
fn responses_of_oauthbearer_are_parsed() {
    for (response, user) in [
        ("n,,\x01auth=Bearer t\x01\x01", None),
        ("y,,\x01auth=bearer t\x01\x01", None),
        ("n,a=b=2Cc=3Dd,\x01auth=BEARER   t\x01\x01", Some("b,c=d")),
        (
            "n,,\x01host=a,b\x01auth=Bearer t\x01other=x y\t\r\n\x01empty=\x01\x01",
            None,
        ),
    ] {
        assert_eq!(
            parse_oauthbearer(response.as_bytes()),
            Some(request(user, "t")),
            "{response:?}"
        );
    }
    for response in [
        "",
        "\x01",
        "n,,",
        "n,,\x01",
        "n,,\x01\x01",
        "n,,\x01auth=Bearer t",
        "n,,\x01auth=Bearer t\x01",
        "n,,\x01auth=Bearer t\x01\x01\x01",
        "n,,auth=Bearer t\x01\x01",
        "n,\x01auth=Bearer t\x01\x01",
        "p=tls-exporter,,\x01auth=Bearer t\x01\x01",
        "p,,\x01auth=Bearer t\x01\x01",
        "N,,\x01auth=Bearer t\x01\x01",
        "n,a=,\x01auth=Bearer t\x01\x01",
        "n,b=c,\x01auth=Bearer t\x01\x01",
        "n,a=b=2c,\x01auth=Bearer t\x01\x01",
        "n,a=b\0,\x01auth=Bearer t\x01\x01",
        "n,,\x01auth=Bearer t\x01auth=Bearer t\x01\x01",
        "n,,\x01Auth=Bearer t\x01\x01",
        "n,,\x01auth=\x01\x01",
        "n,,\x01auth=Bearer\x01\x01",
        "n,,\x01auth=Bearer \x01\x01",
        "n,,\x01auth=Bearert\x01\x01",
        "n,,\x01auth=Bearer\tt\x01\x01",
        "n,,\x01auth=Basic t\x01\x01",
        "n,,\x01auth=Bearer t \x01\x01",
        "n,,\x01auth=Bearer t u\x01\x01",
        "n,,\x01auth=Bearer =\x01\x01",
        "n,,\x01auth=Bearer t=u\x01\x01",
        "n,,\x01auth=Bearer é\x01\x01",
        "n,,\x01auth=Bearer t\x01k1=v\x01\x01",
        "n,,\x01auth=Bearer t\x01=v\x01\x01",
        "n,,\x01auth=Bearer t\x01novalue\x01\x01",
        "n,,\x01auth=Bearer t\x01k=\0\x01\x01",
        "n,,\x01host=x\x01\x01",
        "n,,\x01auth=Bearer t\n\x01\x01",
    ] {
        assert_eq!(parse_oauthbearer(response.as_bytes()), None, "{response:?}");
    }
}

#[test]
fn responses_of_xoauth2_are_parsed() {
    assert_eq!(
        parse_xoauth2("user=J\u{fc}rgen\x01auth=bearer t\x01\x01".as_bytes()),
        Some(request(Some("J\u{fc}rgen"), "t"))
    );
    for response in [
        "",
        "user=",
        "user=a",
        "user=\x01auth=Bearer t\x01\x01",
        "user=a\x01auth=Bearer t\x01",
        "user=a\x01auth=Bearer \x01\x01",
        "user=a\x01auth=Bearer t\x01x\x01\x01",
        "user=a\x01\x01",
        "user=a\x01host=x\x01auth=Bearer t\x01\x01",
        "auth=Bearer t\x01user=a\x01\x01",
        "user=a\0\x01auth=Bearer t\x01\x01",
        "User=a\x01auth=Bearer t\x01\x01",
        "user=a\x01auth=Bearer t\x01\x01\x01",
        "user=a\x01auth=Bearer t\0\x01\x01",
    ] {
        assert_eq!(parse_xoauth2(response.as_bytes()), None, "{response:?}");
    }
}

#[test]
fn values_that_cannot_be_sent_are_refused_or_omitted() {
    let context = Context::default();
    for token in ["", " ", "a b", "a\x01", "a\r\n", "é", "=", "a=b"] {
        assert!(
            BearerClient::oauthbearer("a", &token.into(), &context).is_none(),
            "{token:?}"
        );
        assert!(BearerClient::xoauth2("a", &token.into()).is_none(), "{token:?}");
    }
    assert!(BearerClient::xoauth2("", &"t".into()).is_none());
    assert!(BearerClient::xoauth2("a\x01", &"t".into()).is_none());
    assert!(BearerClient::oauthbearer("a\x01", &"t".into(), &context).is_none());
    for host in ["", "a\x01auth=Bearer u", "a b", "é"] {
        let mut context = context;
        context.host = Some(host);
        let mut client = BearerClient::oauthbearer("", &"t".into(), &context).unwrap();
        assert_eq!(
            client.initial_response(),
            Some("n,,\x01auth=Bearer t\x01\x01".into())
        );
    }
    let client = BearerClient::xoauth2("a", &"hunter2".into()).unwrap();
    assert!(!shows(&std::format!("{client:?}"), "hunter2"));
}

proptest! {
    #[test]
    fn the_server_parses_the_response_of_the_client(user in "[^\\p{C}\\p{Zl}\\p{Zp}]{1,40}", token in "[A-Za-z0-9._~+/-]{1,40}={0,3}", port: Option<u16>) {
        let context = Context { port, ..Context::default() };
        let expected = request(Some(&user), &token);
        let mut client = BearerClient::oauthbearer(&user, &token.as_str().into(), &context).unwrap();
        prop_assert_eq!(parse_oauthbearer(client.initial_response().unwrap().expose()), Some(expected.clone()));
        let mut client = BearerClient::xoauth2(&user, &token.as_str().into()).unwrap();
        prop_assert_eq!(parse_xoauth2(client.initial_response().unwrap().expose()), Some(expected));
    }
}
