use super::*;

/// Returns true if `shown` contains these octets, as text or as a list of numbers.
pub(crate) fn shows(shown: &str, secret: &str) -> bool {
    let numbers = std::format!("{:?}", secret.as_bytes());
    shown.contains(secret) || shown.contains(numbers.trim_matches(['[', ']']))
}

#[test]
fn the_test_helper_finds_a_secret_in_any_form() {
    assert!(shows(
        &std::format!("{:?}", (1, b"a hunter2!".to_vec())),
        "hunter2"
    ));
    assert!(shows("hunter2", "hunter2"));
    assert!(!shows("hunter", "hunter2"));
}

#[test]
fn a_secret_is_not_shown() {
    let secret = Secret::from("hunter2");
    assert_eq!(
        std::format!("{secret:?} {:?}", Some(&secret)),
        "Secret(..) Some(Secret(..))"
    );
    assert_eq!(
        (secret.expose(), secret.expose_str()),
        (b"hunter2".as_slice(), Some("hunter2"))
    );
}

#[test]
fn secrets_are_compared() {
    let secret = Secret::from("hunter2".as_bytes());
    assert_eq!(secret, Secret::from(String::from("hunter2")));
    assert!(secret.matches(b"hunter2"));
    for other in ["", "hunter", "hunter22", "Hunter2"] {
        assert!(!secret.matches(other.as_bytes()), "{other}");
        assert_ne!(secret, other.into());
    }
    assert!(Secret::default().is_empty() && Secret::default().matches(b""));
    assert!(!secret.is_empty());
}

#[test]
fn octets_need_not_be_text() {
    let secret = Secret::from(std::vec![0xFF]);
    assert_eq!((secret.expose(), secret.expose_str()), ([0xFF].as_slice(), None));
}

#[test]
fn text_is_moved_and_parts_are_joined_without_copies() {
    let text = String::from("hunter2");
    let at = text.as_ptr();
    assert_eq!(Secret::from(text).expose().as_ptr(), at);
    let secret = Secret::concat(&[b"a", b"", b"bc"]);
    assert_eq!((secret.expose(), secret.0.capacity()), (b"abc".as_slice(), 3));
}
