use super::reference::{Reference, encode};
use super::*;
use crate::sasl::MechanismError;

/// Starts an exchange with a server that requests `iterations` iterations. Returns the first messages of both.
fn begin(client: &mut dyn ClientMechanism, iterations: &str) -> (String, String) {
    let first = text(client.initial_response().unwrap().expose());
    let nonce = first.split(",r=").nth(1).unwrap();
    let answer = std::format!("r={nonce}server,s={},i={iterations}", encode(SALT));
    (first, answer)
}

#[test]
fn a_server_is_proven_by_its_signature() {
    for mechanism in MECHANISMS {
        let reference = Reference::of(mechanism);
        let salted = reference.salted("pencil", SALT, 4096);
        let mut client = client(mechanism, "pencil");
        let (client_first, server_first) = begin(client.as_mut(), "4096");
        let (client_final, server_final) = reference.finals(&salted, &client_first, &BINDING, &server_first);
        let proof = client.respond(server_first.as_bytes()).unwrap();
        assert_eq!(text(proof.expose()), client_final);
        assert_eq!(client.verify_success(), Err(MechanismError::ServerNotVerified));
        assert!(client.respond(server_final.as_bytes()).unwrap().is_empty());
        assert_eq!(client.verify_success(), Ok(()));
        assert_eq!(
            client.respond(server_final.as_bytes()),
            Err(MechanismError::UnexpectedStep)
        );
    }
}

#[test]
fn the_channel_binding_flag_of_a_client() {
    let bindable = Context {
        plus_offered: false,
        ..bound()
    };
    let plain = Context {
        plus_offered: true,
        ..Context::default()
    };
    for (mechanism, context, head) in [
        (Mechanism::SCRAM_SHA_256, Context::default(), "n,,n=user,r="),
        (Mechanism::SCRAM_SHA_256, plain, "n,,n=user,r="),
        (Mechanism::SCRAM_SHA_256, bindable, "y,,n=user,r="),
        (Mechanism::SCRAM_SHA_1, bindable, "y,,n=user,r="),
        (Mechanism::SCRAM_SHA_256, bound(), "n,,n=user,r="),
        (
            Mechanism::SCRAM_SHA_256_PLUS,
            bound(),
            "p=tls-exporter,,n=user,r=",
        ),
        (Mechanism::SCRAM_SHA_1_PLUS, bound(), "p=tls-exporter,,n=user,r="),
    ] {
        let mut client = Credentials::password("user", "pencil")
            .start(mechanism, &context)
            .unwrap();
        let first = text(client.initial_response().unwrap().expose());
        assert!(first.starts_with(head), "{mechanism} {context:?} {first}");
    }
    let mut empty = bound();
    empty.channel_binding = Some(&[]);
    for context in [Context::default(), plain, empty] {
        let credentials = Credentials::password("user", "pencil");
        assert!(
            credentials
                .start(Mechanism::SCRAM_SHA_256_PLUS, &context)
                .is_none()
        );
    }
}

#[test]
fn nonces_are_long_and_new() {
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..20 {
        let first = text(
            client(Mechanism::SCRAM_SHA_256, "pencil")
                .initial_response()
                .unwrap()
                .expose(),
        );
        let nonce = first.split(",r=").nth(1).unwrap().to_owned();
        assert!(nonce.len() >= 18 && !seen.contains(&nonce));
        seen.push(nonce);
    }
}

#[test]
fn the_number_of_iterations_is_bounded() {
    for (iterations, fault) in [
        ("1", MechanismError::TooFewIterations),
        ("4095", MechanismError::TooFewIterations),
        ("1000001", MechanismError::TooManyIterations),
        ("4294967295", MechanismError::TooManyIterations),
        ("4294967296", MechanismError::TooManyIterations),
        ("0", MechanismError::MalformedChallenge),
        ("+4096", MechanismError::MalformedChallenge),
    ] {
        let mut client = client(Mechanism::SCRAM_SHA_256, "pencil");
        let (_, answer) = begin(client.as_mut(), iterations);
        assert_eq!(client.respond(answer.as_bytes()), Err(fault), "{iterations}");
        assert_eq!(
            client.respond(answer.as_bytes()),
            Err(MechanismError::UnexpectedStep)
        );
        assert_eq!(client.verify_success(), Err(MechanismError::ServerNotVerified));
    }
}

#[test]
fn the_nonce_must_be_continued() {
    for change in [
        |nonce: &str| nonce.to_owned(),
        |nonce: &str| std::format!("x{nonce}"),
        |nonce: &str| nonce[1..].to_owned() + "xyz",
        |_: &str| "server".to_owned(),
    ] {
        let mut client = client(Mechanism::SCRAM_SHA_256, "pencil");
        let first = text(client.initial_response().unwrap().expose());
        let nonce = change(first.split(",r=").nth(1).unwrap());
        let answer = std::format!("r={nonce},s=QQ==,i=4096");
        assert_eq!(
            client.respond(answer.as_bytes()),
            Err(MechanismError::MalformedChallenge)
        );
    }
}

#[test]
fn a_server_that_does_not_prove_itself_is_not_verified() {
    let wrong = encode(&[1; 32]);
    for (last, fault) in [
        (std::format!("v={wrong}"), MechanismError::ServerNotVerified),
        ("v=QQ==".to_owned(), MechanismError::ServerNotVerified),
        ("v=".to_owned(), MechanismError::MalformedChallenge),
        (String::new(), MechanismError::MalformedChallenge),
        ("e=invalid-proof".to_owned(), MechanismError::Rejected),
        ("e=other".to_owned(), MechanismError::Rejected),
    ] {
        let mut client = client(Mechanism::SCRAM_SHA_256, "pencil");
        let (_, answer) = begin(client.as_mut(), "4096");
        client.respond(answer.as_bytes()).unwrap();
        assert_eq!(client.respond(last.as_bytes()), Err(fault), "{last}");
        assert_eq!(client.verify_success(), Err(MechanismError::ServerNotVerified));
        assert_eq!(client.respond(b""), Err(MechanismError::UnexpectedStep));
    }
}

#[test]
fn another_server_does_not_know_the_key() {
    // It relays the salt, but has another ServerKey.
    let mechanism = Mechanism::SCRAM_SHA_256;
    let reference = Reference::of(mechanism);
    let mut client = client(mechanism, "pencil");
    let (client_first, server_first) = begin(client.as_mut(), "4096");
    client.respond(server_first.as_bytes()).unwrap();
    let guess = reference.salted("pencils", SALT, 1);
    let (_, last) = reference.finals(&guess, &client_first, b"", &server_first);
    assert_eq!(
        client.respond(last.as_bytes()),
        Err(MechanismError::ServerNotVerified)
    );
}

#[test]
fn garbled_challenges_prove_nothing() {
    let mechanism = Mechanism::SCRAM_SHA_256;
    let reference = Reference::of(mechanism);
    let salted = reference.salted("pencil", SALT, 4096);
    for garble in GARBLES {
        for at in 0.. {
            let mut client = client(mechanism, "pencil");
            let (client_first, server_first) = begin(client.as_mut(), "4096");
            let mut garbled = server_first.clone().into_bytes();
            let Some(octet) = garbled.get_mut(at) else { break };
            *octet = garble(*octet);
            if garbled == server_first.as_bytes() || client.respond(&garbled).is_err() {
                continue;
            }
            let (_, last) = reference.finals(&salted, &client_first, b"", &server_first);
            assert_eq!(
                client.respond(last.as_bytes()),
                Err(MechanismError::ServerNotVerified),
                "{}",
                text(&garbled)
            );
        }
    }
}

#[test]
fn a_garbled_signature_proves_nothing() {
    let mechanism = Mechanism::SCRAM_SHA_1;
    let reference = Reference::of(mechanism);
    let salted = reference.salted("pencil", SALT, 4096);
    for (at, garble) in [0, 1, 2, 15, 29]
        .into_iter()
        .flat_map(|at| GARBLES.map(|garble| (at, garble)))
    {
        let mut client = client(mechanism, "pencil");
        let (client_first, server_first) = begin(client.as_mut(), "4096");
        client.respond(server_first.as_bytes()).unwrap();
        let (_, last) = reference.finals(&salted, &client_first, b"", &server_first);
        let mut garbled = last.clone().into_bytes();
        garbled[at] = garble(garbled[at]);
        assert!(
            garbled == last.as_bytes() || client.respond(&garbled).is_err(),
            "{at}"
        );
        assert!(garbled == last.as_bytes() || client.verify_success().is_err());
    }
}

#[test]
fn values_that_cannot_be_prepared_are_refused() {
    let start = |user: &str, password: &[u8]| {
        Credentials::password(user, password).start(Mechanism::SCRAM_SHA_256, &Context::default())
    };
    assert!(start("user", b"pencil").is_some());
    assert!(start("", b"pencil").is_none());
    assert!(start("\u{AD}", b"pencil").is_none());
    assert!(start("a\0", b"pencil").is_none());
    assert!(start("user", b"").is_none());
    assert!(start("user", "\u{AD}".as_bytes()).is_none());
    assert!(start("user", b"a\x07").is_none());
    assert!(start("user", b"\xFF").is_none());
    assert!(start(&"x".repeat(256), b"pencil").is_none());
}

#[test]
fn a_challenge_before_the_first_message_is_unexpected() {
    let mut client = client(Mechanism::SCRAM_SHA_256, "pencil");
    assert_eq!(
        client.respond(b"r=x,s=QQ==,i=4096"),
        Err(MechanismError::UnexpectedStep)
    );
    assert_eq!(client.verify_success(), Err(MechanismError::ServerNotVerified));
}
