use super::*;
use crate::sasl::MalformedResponse;
use crate::secret::tests::shows;

#[test]
fn the_user_name_answers_the_first_prompt_of_any_text() {
    for prompts in [
        ["User Name\0", "Password\0"],
        ["Password:", "Username:"],
        ["", ""],
    ] {
        let mut client = LoginClient::new("tim", &"tanstaaf".into()).unwrap();
        assert_eq!(
            (client.mechanism(), client.initial_response()),
            (Mechanism::LOGIN, None)
        );
        assert_eq!(client.respond(prompts[0].as_bytes()), Ok("tim".into()));
        assert_eq!(client.verify_success(), Err(MechanismError::UnexpectedStep));
        assert_eq!(client.respond(prompts[1].as_bytes()), Ok("tanstaaf".into()));
        assert_eq!(client.verify_success(), Ok(()));
        assert_eq!(client.respond(b"Password:"), Err(MechanismError::UnexpectedStep));
    }
}

#[test]
fn values_that_cannot_be_sent_are_refused() {
    assert!(LoginClient::new("", &"a".into()).is_none());
    assert!(LoginClient::new("tim", &"".into()).is_none());
    assert!(LoginClient::new("tim\n", &"a".into()).is_none());
    let client = LoginClient::new("tim", &"hunter2".into()).unwrap();
    assert!(!shows(&std::format!("{client:?}"), "hunter2"));
}

#[test]
fn the_request_is_made_from_two_responses() {
    let made = AuthRequest::login(b"tim", "a".into()).unwrap();
    let AuthRequest::Password {
        user,
        password,
        authorization_id,
    } = made
    else {
        panic!()
    };
    assert_eq!(
        (user.as_str(), password, authorization_id),
        ("tim", "a".into(), None)
    );
    assert!(AuthRequest::login(b"tim", b"\xE9".as_slice().into()).is_ok());
    for (user, password) in [
        (b"".as_slice(), b"a".as_slice()),
        (b"tim", b""),
        (b"t\0m", b"a"),
        (b"\xE9", b"a"),
        (b"tim", b"a\0"),
        (b"tim", &[b'x'; 12_289]),
        (&[b'x'; 256], b"a"),
    ] {
        assert_eq!(AuthRequest::login(user, password.into()), Err(MalformedResponse));
    }
}
