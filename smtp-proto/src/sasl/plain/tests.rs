use super::*;
use alloc::borrow::ToOwned;
use proptest::prelude::*;

fn request(user: &str, password: &str, authorization_id: Option<&str>) -> AuthRequest {
    AuthRequest::Password {
        user: user.to_owned(),
        password: password.into(),
        authorization_id: authorization_id.map(ToOwned::to_owned),
    }
}

/// The examples of RFC 4616 section 4.
#[test]
fn the_examples_are_sent_and_read() {
    for (response, user, password, authorization_id) in [
        ("\0tim\0tanstaaftanstaaf", "tim", "tanstaaftanstaaf", None),
        ("Ursel\0Kurt\0xipj3plmq", "Kurt", "xipj3plmq", Some("Ursel")),
    ] {
        let mut client = PlainClient::new(user, &password.into(), authorization_id).unwrap();
        assert_eq!(client.initial_response(), Some(response.into()));
        assert_eq!(client.verify_success(), Ok(()));
        assert_eq!(
            AuthRequest::parse(Mechanism::PLAIN, response.as_bytes(), None),
            Ok(request(user, password, authorization_id))
        );
    }
}

#[test]
fn malformed_responses_are_refused() {
    for response in [
        "",
        "\0",
        "\0\0",
        "\0\0x",
        "\0tim\0",
        "tim",
        "tim\0x",
        "tim\0x\0",
        "\0tim\0a\0",
        "\0tim\0a\0b",
        "\0t\u{7}\0a",
        "a\r\n\0tim\0a",
        "\0tim\n\0a",
    ] {
        assert_eq!(parse(response.as_bytes()), None, "{response:?}");
    }
    assert_eq!(parse(b"\0tim\0\xFF"), None);
    assert_eq!(parse(b"\0t\xFFm\0a"), None);
    assert_eq!(parse(b"\xFF\0tim\0a"), None);
    let long = "x".repeat(255);
    assert!(parse(std::format!("{long}\0{long}y\0a").as_bytes()).is_none());
    assert!(parse(std::format!("{long}\0y{}\0a", &long[1..]).as_bytes()).is_some());
    let huge = std::format!("\0tim\0{}", "x".repeat(12_288));
    assert!(AuthRequest::parse(Mechanism::PLAIN, huge.as_bytes(), None).is_err());
}

#[test]
fn an_authorization_id_equal_to_the_user_is_dropped() {
    assert_eq!(parse(b"tim\0tim\0a"), Some(request("tim", "a", None)));
}

#[test]
fn values_that_cannot_be_sent_are_refused() {
    let fits = |user: &str, password: &[u8], authorization_id| {
        PlainClient::new(user, &password.into(), authorization_id).is_some()
    };
    assert!(fits("tim", "pässword".as_bytes(), Some("Ursel")));
    assert!(!fits("", b"a", None));
    assert!(!fits("tim", b"", None));
    assert!(!fits("t\0m", b"a", None));
    assert!(!fits("tim", b"a\0b", None));
    assert!(!fits("tim", b"\xFF", None));
    assert!(!fits("tim", b"a", Some("")));
    assert!(!fits("tim", b"a", Some("a\0b")));
}

#[test]
fn nothing_follows_the_response() {
    let mut client = PlainClient::new("tim", &"a".into(), None).unwrap();
    assert_eq!(client.verify_success(), Err(MechanismError::UnexpectedStep));
    assert!(client.initial_response().is_some());
    assert_eq!(client.respond(b""), Err(MechanismError::UnexpectedStep));
    assert!(!std::format!("{client:?}").contains("tim"));
}

proptest! {
    #[test]
    fn the_server_parses_the_response_of_the_client(user in "[^\\p{C}\\p{Zl}\\p{Zp}]{1,40}", password in "[^\\x00]{1,40}", other in proptest::option::of("[^\\p{C}\\p{Zl}\\p{Zp}]{1,40}")) {
        let other = other.filter(|other| *other != user);
        let mut client = PlainClient::new(&user, &password.as_str().into(), other.as_deref()).unwrap();
        let response = client.initial_response().unwrap();
        prop_assert_eq!(parse(response.expose()), Some(request(&user, &password, other.as_deref())));
    }
}
