use super::*;
use proptest::prelude::*;

#[test]
fn other_mechanisms_become_begin() {
    let response = b"n,,n=user,r=x".as_slice();
    assert_eq!(
        AuthRequest::parse(Mechanism::SCRAM_SHA_256, response, None),
        Ok(AuthRequest::Begin {
            initial: Some(response.into())
        })
    );
    let long = alloc::vec![b'x'; MAX_DECODED + 1];
    for mechanism in [Mechanism::SCRAM_SHA_256, Mechanism::ANONYMOUS, Mechanism::PLAIN] {
        assert_eq!(AuthRequest::parse(mechanism, &long, None), Err(MalformedResponse));
    }
}

#[test]
fn debug_output_hides_the_secret() {
    for (mechanism, response) in [
        (Mechanism::PLAIN, "\0tim\0hunter2"),
        (Mechanism::XOAUTH2, "user=tim\x01auth=Bearer hunter2\x01\x01"),
        (Mechanism::OAUTHBEARER, "n,a=tim,\x01auth=Bearer hunter2\x01\x01"),
    ] {
        let shown = std::format!(
            "{:?}",
            AuthRequest::parse(mechanism, response.as_bytes(), None).unwrap()
        );
        assert!(shown.contains("tim") && !shown.contains("hunter2"), "{shown}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(octets in proptest::collection::vec(prop_oneof![any::<u8>(), 0..3_u8, Just(b','), Just(b'=')], 0..60)) {
        for mechanism in [Mechanism::PLAIN, Mechanism::XOAUTH2, Mechanism::OAUTHBEARER, Mechanism::EXTERNAL, Mechanism::ANONYMOUS] {
            let _ = AuthRequest::parse(mechanism, &octets, Some(b"certificate"));
            let _ = AuthRequest::parse(mechanism, &[b"n,a=b=2C,\x01auth=Bearer ", octets.as_slice(), b"\x01\x01"].concat(), None);
            let _ = AuthRequest::parse(mechanism, &[b"user=a\x01auth=Bearer ", octets.as_slice(), b"\x01\x01"].concat(), None);
            let _ = AuthRequest::parse(mechanism, &[b"\0a\0", octets.as_slice()].concat(), None);
        }
    }
}
