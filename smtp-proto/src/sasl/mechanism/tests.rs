use super::*;

#[test]
fn a_name_is_read_in_any_case() {
    assert_eq!(Mechanism::parse("plain"), Ok(Mechanism::PLAIN));
    assert_eq!("Scram-Sha-256-Plus".parse(), Ok(Mechanism::SCRAM_SHA_256_PLUS));
    let other = Mechanism::parse("x_own-MECHANISM-2345").unwrap();
    assert_eq!(other.as_str(), "X_OWN-MECHANISM-2345");
    assert_eq!(
        std::format!("{other} {other:?} {:>6}", Mechanism::PLAIN),
        "X_OWN-MECHANISM-2345 X_OWN-MECHANISM-2345  PLAIN"
    );
}

#[test]
fn a_name_has_its_characters_and_length() {
    for text in [
        "",
        "X_OWN-MECHANISM-23456",
        "A B",
        "PLAIN\r\n",
        "PLÄIN",
        "PLAIN\0",
        "a.b",
        "é",
    ] {
        assert_eq!(Mechanism::parse(text), Err(InvalidMechanism), "{text:?}");
    }
}

#[test]
fn properties_of_the_mechanisms() {
    let known = [
        (Mechanism::PLAIN, true, false, Shape::OneResponse),
        (Mechanism::LOGIN, true, false, Shape::Login),
        (Mechanism::XOAUTH2, true, false, Shape::OneResponse),
        (Mechanism::OAUTHBEARER, true, false, Shape::OneResponse),
        (Mechanism::EXTERNAL, false, false, Shape::OneResponse),
        (Mechanism::ANONYMOUS, false, false, Shape::OneResponse),
        (Mechanism::CRAM_MD5, false, false, Shape::ServerFirst),
        (Mechanism::SCRAM_SHA_1, false, false, Shape::ClientFirst),
        (Mechanism::SCRAM_SHA_1_PLUS, false, true, Shape::ClientFirst),
        (Mechanism::SCRAM_SHA_256, false, false, Shape::ClientFirst),
        (Mechanism::SCRAM_SHA_256_PLUS, false, true, Shape::ClientFirst),
        (Mechanism::SCRAM_SHA_512, false, false, Shape::ClientFirst),
        (Mechanism::SCRAM_SHA_512_PLUS, false, true, Shape::ClientFirst),
        // Unknown mechanisms count as plaintext.
        (Mechanism::parse("X-TOKEN").unwrap(), true, false, Shape::Unknown),
    ];
    for (mechanism, shows, binds, shape) in known {
        assert_eq!(Mechanism::parse(mechanism.as_str()), Ok(mechanism));
        assert_eq!(
            (
                mechanism.is_plaintext(),
                mechanism.binds_channel(),
                mechanism.shape()
            ),
            (shows, binds, shape),
            "{mechanism}"
        );
    }
}
