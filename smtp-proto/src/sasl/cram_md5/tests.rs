use super::*;
use crate::secret::tests::shows;
use alloc::borrow::ToOwned;

/// RFC 2195 section 2.
const CHALLENGE: &str = "<1896.697170952@postoffice.reston.mci.net>";
const RESPONSE: &str = "tim b913a602c7eda7a495b4e6e7334d3890";

fn lookup(user: &str) -> Option<(String, Secret)> {
    user.eq_ignore_ascii_case("tim")
        .then(|| ("tim".to_owned(), "tanstaaftanstaaf".into()))
}

fn server() -> CramMd5Server<impl FnMut(&str) -> Option<(String, Secret)>> {
    CramMd5Server::new(CHALLENGE, lookup).unwrap()
}

#[test]
fn the_lookup_names_the_identity() {
    let response = RESPONSE.replace("tim", "TIM");
    assert_eq!(answer(response.as_bytes()), AuthOutcome::Accept("tim".to_owned()));
}

#[test]
fn a_user_without_a_password_is_rejected() {
    let mut client = CramMd5Client::new("tim", &"x".into()).unwrap();
    client.respond(CHALLENGE.as_bytes()).unwrap();
    let empty = digest(&Secret::default(), CHALLENGE.as_bytes());
    let response = std::format!("tim {}", core::str::from_utf8(&empty).unwrap());
    let mut server =
        CramMd5Server::new(CHALLENGE, |_: &str| Some(("tim".to_owned(), Secret::default()))).unwrap();
    server.step(b"");
    assert_eq!(server.step(response.as_bytes()), AuthOutcome::Reject);
}

fn answer(response: &[u8]) -> AuthOutcome {
    let mut server = server();
    assert_eq!(
        server.step(b""),
        AuthOutcome::Challenge(CHALLENGE.as_bytes().into())
    );
    let outcome = server.step(response);
    assert_eq!(server.step(RESPONSE.as_bytes()), AuthOutcome::Reject);
    outcome
}

#[test]
fn the_example_on_both_sides() {
    let mut client = CramMd5Client::new("tim", &"tanstaaftanstaaf".into()).unwrap();
    assert_eq!(
        (client.mechanism(), client.initial_response()),
        (Mechanism::CRAM_MD5, None)
    );
    assert_eq!(client.verify_success(), Err(MechanismError::UnexpectedStep));
    assert_eq!(client.respond(CHALLENGE.as_bytes()), Ok(RESPONSE.into()));
    assert_eq!(client.verify_success(), Ok(()));
    assert_eq!(
        client.respond(CHALLENGE.as_bytes()),
        Err(MechanismError::UnexpectedStep)
    );
    assert_eq!(answer(RESPONSE.as_bytes()), AuthOutcome::Accept("tim".to_owned()));
    assert_eq!(server().challenge(), CHALLENGE);
}

#[test]
fn a_password_may_be_looked_up_between_two_servers() {
    let user = cram_md5_user(RESPONSE.as_bytes()).unwrap();
    assert_eq!(user, "tim");
    let password = lookup(&user);
    let mut again = CramMd5Server::new(CHALLENGE, |_: &str| password.clone()).unwrap();
    again.step(b"");
    assert_eq!(again.step(RESPONSE.as_bytes()), AuthOutcome::Accept(user));
    assert_eq!(cram_md5_user(b"tim"), None);
    assert_eq!(cram_md5_user(b"tim\0 b913a602c7eda7a495b4e6e7334d3890"), None);
}

#[test]
fn other_responses_are_refused() {
    for at in 0..RESPONSE.len() {
        let mut garbled = RESPONSE.as_bytes().to_vec();
        garbled[at] ^= 1;
        assert_eq!(answer(&garbled), AuthOutcome::Reject, "{at}");
        assert_eq!(answer(&RESPONSE.as_bytes()[..at]), AuthOutcome::Reject, "{at}");
    }
    assert_eq!(
        answer(b"\xFF b913a602c7eda7a495b4e6e7334d3890"),
        AuthOutcome::Reject
    );
    assert_eq!(answer(b" b913a602c7eda7a495b4e6e7334d3890"), AuthOutcome::Reject);
}

#[test]
fn the_digits_may_be_in_capitals_and_a_name_may_hold_a_blank() {
    assert_eq!(
        answer(b"tim B913A602C7EDA7A495B4E6E7334D3890"),
        AuthOutcome::Accept("tim".to_owned())
    );
    let mut client = CramMd5Client::new("a b", &"x".into()).unwrap();
    let response = client.respond(CHALLENGE.as_bytes()).unwrap();
    let mut server = CramMd5Server::new(CHALLENGE, |user: &str| Some((user.to_owned(), "x".into()))).unwrap();
    server.step(b"");
    assert_eq!(
        server.step(response.expose()),
        AuthOutcome::Accept("a b".to_owned())
    );
}

#[test]
fn an_unknown_user_has_no_password_at_all() {
    let mut client = CramMd5Client::new("tom", &"x".into()).unwrap();
    let response = client.respond(CHALLENGE.as_bytes()).unwrap();
    assert_eq!(answer(response.expose()), AuthOutcome::Reject);
    // The replacement password must not be accepted.
    let forged = [
        b"tom ".as_slice(),
        &digest(&Secret::default(), CHALLENGE.as_bytes()),
    ]
    .concat();
    assert_eq!(answer(&forged), AuthOutcome::Reject);
}

#[test]
fn there_is_no_initial_response() {
    let mut server = server();
    assert_eq!(server.step(RESPONSE.as_bytes()), AuthOutcome::Reject);
    assert_eq!(server.step(b""), AuthOutcome::Reject);
}

#[test]
fn a_challenge_has_a_form() {
    for challenge in [
        "",
        "<>",
        "a@b",
        "<a>",
        "<@b>",
        "<a@>",
        "<a@b",
        "<a b@c>",
        "<a@b>\r\n",
        "<é@b>",
        "<<a@b>>",
    ] {
        assert!(CramMd5Server::new(challenge, lookup).is_none(), "{challenge}");
    }
    let mut client = CramMd5Client::new("tim", &"x".into()).unwrap();
    assert_eq!(client.respond(b""), Err(MechanismError::MalformedChallenge));
    let mut client = CramMd5Client::new("tim", &"x".into()).unwrap();
    assert_eq!(
        client.respond(&[b'x'; 999]),
        Err(MechanismError::MalformedChallenge)
    );
}

#[test]
fn debug_output_hides_secrets() {
    let client = CramMd5Client::new("tim", &"hunter2".into()).unwrap();
    assert!(!shows(&std::format!("{client:?} {:?}", server()), "hunter2"));
}
