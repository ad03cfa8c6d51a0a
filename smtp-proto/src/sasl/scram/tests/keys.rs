use super::*;
use crate::sasl::InvalidKeys;

#[test]
fn keys_need_a_password_a_salt_and_iterations() {
    let derive = |mechanism, password: &[u8], salt: &[u8], iterations| {
        ScramKeys::derive(mechanism, &password.into(), salt, iterations).map(|_| ())
    };
    let mechanism = Mechanism::SCRAM_SHA_256;
    for (result, fault) in [
        (derive(Mechanism::PLAIN, b"x", SALT, 4096), InvalidKeys::Mechanism),
        (derive(mechanism, b"", SALT, 4096), InvalidKeys::Password),
        (
            derive(mechanism, "\u{AD}".as_bytes(), SALT, 4096),
            InvalidKeys::Password,
        ),
        (derive(mechanism, b"a\x07", SALT, 4096), InvalidKeys::Password),
        (derive(mechanism, b"\xFF", SALT, 4096), InvalidKeys::Password),
        (derive(mechanism, b"x", b"", 4096), InvalidKeys::Salt),
        (derive(mechanism, b"x", &[0; 129], 4096), InvalidKeys::Salt),
        (derive(mechanism, b"x", SALT, 0), InvalidKeys::Iterations),
        (derive(mechanism, b"x", SALT, 4095), InvalidKeys::Iterations),
        (derive(mechanism, b"x", SALT, 1_000_001), InvalidKeys::Iterations),
        (derive(mechanism, b"x", SALT, u32::MAX), InvalidKeys::Iterations),
    ] {
        assert_eq!(result, Err(fault));
    }
}

#[test]
fn keys_are_restored_from_their_parts() {
    for mechanism in MECHANISMS {
        let keys = keys(mechanism);
        let again = ScramKeys::from_parts(
            mechanism,
            keys.salt(),
            keys.iterations(),
            keys.stored_key().clone(),
            keys.server_key().clone(),
        )
        .unwrap();
        let ended = run(
            client(mechanism, "pencil").as_mut(),
            &mut server_with(mechanism, again),
        );
        assert_eq!(ended, (AuthOutcome::Accept("user".to_owned()), true));
    }
    let parts = |stored: usize, server: usize| {
        ScramKeys::from_parts(
            Mechanism::SCRAM_SHA_1,
            SALT,
            4096,
            &*std::vec![0; stored],
            &*std::vec![0; server],
        )
    };
    assert!(parts(20, 20).is_ok());
    for (stored, server) in [(32, 32), (20, 0), (0, 20), (21, 20), (20, 32)] {
        assert_eq!(parts(stored, server).unwrap_err(), InvalidKeys::Length);
    }
}

#[test]
fn a_decoy_is_stable_and_differs_by_user_secret_and_mechanism() {
    let decoy =
        |mechanism, user, secret: &str| ScramKeys::decoy(mechanism, user, &secret.into(), 16, 4096).unwrap();
    let mechanism = Mechanism::SCRAM_SHA_256;
    let first = decoy(mechanism, "ann", "secret");
    let again = decoy(Mechanism::SCRAM_SHA_256_PLUS, "ann", "secret");
    assert_eq!(first.salt(), again.salt());
    assert_eq!(first.salt().len(), 16);
    assert_eq!(first.stored_key(), again.stored_key());
    for other in [
        decoy(mechanism, "bob", "secret"),
        decoy(mechanism, "ann", "other"),
        decoy(Mechanism::SCRAM_SHA_1, "ann", "secret"),
        decoy(Mechanism::SCRAM_SHA_512, "ann", "secret"),
    ] {
        assert_ne!(first.salt(), other.salt());
        assert_ne!(first.stored_key(), other.stored_key());
        assert_ne!(first.server_key(), other.server_key());
    }
    for (octets, iterations, fault) in [
        (0, 4096, InvalidKeys::Salt),
        (33, 4096, InvalidKeys::Salt),
        (16, 1, InvalidKeys::Iterations),
    ] {
        for mechanism in [mechanism, Mechanism::SCRAM_SHA_512] {
            let made = ScramKeys::decoy(mechanism, "ann", &"secret".into(), octets, iterations);
            assert_eq!(made.unwrap_err(), fault);
        }
    }
}
