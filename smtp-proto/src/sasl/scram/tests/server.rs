use super::reference::{Reference, encode};
use super::*;
use crate::sasl::scram::scram_authorization_id;

/// Keys made without the work of deriving them.
pub(super) fn cheap_keys() -> ScramKeys {
    ScramKeys::from_parts(
        Mechanism::SCRAM_SHA_256,
        SALT,
        4096,
        [1; 32].as_slice(),
        [2; 32].as_slice(),
    )
    .unwrap()
}

/// A client that knows the salted password.
struct Peer {
    mechanism: Mechanism,
    salted: Vec<u8>,
    keys: ScramKeys,
}

impl Peer {
    fn new(mechanism: Mechanism) -> Self {
        let reference = Reference::of(mechanism);
        let salted = reference.salted("pencil", SALT, 4096);
        let (stored_key, server_key) = reference.keys(&salted);
        let keys = ScramKeys::from_parts(mechanism, SALT, 4096, stored_key, server_key).unwrap();
        Self {
            mechanism,
            salted,
            keys,
        }
    }

    fn first(&self, head: &str) -> String {
        std::format!("{head},n=user,r=client")
    }

    fn head(&self) -> &'static str {
        if self.mechanism.binds_channel() {
            "p=tls-exporter,"
        } else {
            "n,"
        }
    }

    fn server(&self) -> ScramServer {
        server_with(self.mechanism, self.keys.clone())
    }

    /// Runs to the proof. Returns a server that awaits it, the proof, and the expected challenge.
    fn until_proof(
        &self,
        mut server: ScramServer,
        first: &str,
        binding: &[u8],
    ) -> (ScramServer, String, String) {
        let challenge = text(&challenge(server.step(first.as_bytes())));
        let (proof, last) = Reference::of(self.mechanism).finals(&self.salted, first, binding, &challenge);
        (server, proof, last)
    }
}

#[test]
fn a_client_is_proven_by_its_proof() {
    for mechanism in MECHANISMS {
        let peer = Peer::new(mechanism);
        let (mut server, proof, last) = peer.until_proof(peer.server(), &peer.first(peer.head()), &BINDING);
        assert_eq!(text(&challenge(server.step(proof.as_bytes()))), last);
        assert_eq!(server.step(b""), AuthOutcome::Accept("user".to_owned()));
        // A replay fails with the same server and with another one.
        assert_eq!(server.step(proof.as_bytes()), AuthOutcome::Reject);
        let (mut another, _, _) = peer.until_proof(peer.server(), &peer.first(peer.head()), &BINDING);
        assert_eq!(another.step(proof.as_bytes()), AuthOutcome::Reject);
    }
}

#[test]
fn the_first_challenge_has_the_salt_and_a_new_nonce() {
    let peer = Peer::new(Mechanism::SCRAM_SHA_256);
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..20 {
        let said = text(&challenge(peer.server().step(b"n,,n=user,r=client")));
        let (nonce, rest) = said.split_once(',').unwrap();
        assert_eq!(rest, std::format!("s={},i=4096", encode(SALT)));
        assert!(nonce.starts_with("r=client") && nonce.len() >= 8 + 18);
        assert!(!seen.iter().any(|other| other == nonce));
        seen.push(nonce.to_owned());
    }
}

#[test]
fn only_an_empty_response_follows_the_signature() {
    let peer = Peer::new(Mechanism::SCRAM_SHA_1);
    let (mut server, proof, _) = peer.until_proof(peer.server(), &peer.first("n,"), b"");
    challenge(server.step(proof.as_bytes()));
    assert_eq!(server.step(b"x"), AuthOutcome::Reject);
    assert_eq!(server.step(b""), AuthOutcome::Reject);
}

#[test]
fn the_channel_binding_flag_must_fit_the_mechanism() {
    let plain = Mechanism::SCRAM_SHA_256;
    let plus = Mechanism::SCRAM_SHA_256_PLUS;
    for (mechanism, plus_offered, head, right) in [
        (plain, false, "n,", true),
        (plain, true, "n,", true),
        (plain, false, "y,", true),
        (plain, true, "y,", false),
        (plain, false, "p=tls-exporter,", false),
        (plain, true, "p=tls-exporter,", false),
        (plus, true, "p=tls-exporter,", true),
        (plus, true, "p=tls-unique,", false),
        (plus, true, "p=TLS-EXPORTER,", false),
        (plus, true, "n,", false),
        (plus, true, "y,", false),
    ] {
        let peer = Peer::new(mechanism);
        let context = Context {
            channel_binding: Some(&BINDING),
            plus_offered,
            ..Context::default()
        };
        let mut server = ScramServer::new(mechanism, peer.keys.clone(), &context).unwrap();
        let outcome = server.step(peer.first(head).as_bytes());
        assert_eq!(
            outcome != AuthOutcome::Reject,
            right,
            "{mechanism} {plus_offered} {head}"
        );
    }
}

#[test]
fn another_channel_is_refused() {
    let peer = Peer::new(Mechanism::SCRAM_SHA_256_PLUS);
    let first = peer.first("p=tls-exporter,");
    for binding in [[8; 32].as_slice(), &BINDING[..31], b""] {
        let (mut server, proof, _) = peer.until_proof(peer.server(), &first, binding);
        assert_eq!(server.step(proof.as_bytes()), AuthOutcome::Reject);
    }
    // The signed header must equal the sent header.
    let (mut server, proof, _) = peer.until_proof(peer.server(), &first, &BINDING);
    let header = encode(&[b"p=tls-exporter,,".as_slice(), &BINDING].concat());
    let forged = proof.replace(&header, &encode(b"n,,"));
    assert_ne!(forged, proof);
    assert_eq!(server.step(forged.as_bytes()), AuthOutcome::Reject);
}

#[test]
fn an_identity_must_be_authorized() {
    let peer = Peer::new(Mechanism::SCRAM_SHA_256);
    for (head, authorized, result) in [
        ("n,", None, Some("user")),
        ("n,a=user", None, Some("user")),
        ("n,a=boss", None, None),
        ("n,a=boss", Some("chief"), None),
        ("n,a=boss", Some("boss"), Some("boss")),
        ("n,", Some("boss"), Some("user")),
        ("n,a=b=2Cc", Some("b,c"), Some("b,c")),
    ] {
        let mut server = peer.server();
        if let Some(identity) = authorized {
            server = server.with_authorized_id(identity);
        }
        let first = peer.first(head);
        let asked = scram_authorization_id(first.as_bytes());
        assert_eq!(asked.is_some(), head != "n,", "{head}");
        let (mut server, proof, _) = peer.until_proof(server, &first, b"");
        let outcome = server.step(proof.as_bytes());
        let Some(identity) = result else {
            assert_eq!(outcome, AuthOutcome::Reject, "{head}");
            continue;
        };
        challenge(outcome);
        assert_eq!(
            server.step(b""),
            AuthOutcome::Accept(identity.to_owned()),
            "{head}"
        );
    }
}

#[test]
fn an_unknown_user_looks_like_a_wrong_password() {
    let mechanism = Mechanism::SCRAM_SHA_256;
    let decoy = || ScramKeys::decoy(mechanism, "user", &"0123456789abcdef".into(), 16, 4096).unwrap();
    let mut challenges = Vec::new();
    for keys in [keys(mechanism), decoy(), decoy()] {
        let mut server = server_with(mechanism, keys);
        let mut client = client(mechanism, "wrong");
        let said = challenge(server.step(client.initial_response().unwrap().expose()));
        assert_eq!(
            server.step(client.respond(&said).unwrap().expose()),
            AuthOutcome::Reject
        );
        let (_, rest) = text(&said)
            .split_once(',')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        challenges.push((said.len(), rest));
    }
    assert_eq!(challenges[0].0, challenges[1].0);
    assert_eq!(challenges[1], challenges[2]);
    // Knowing the key of a decoy does not help.
    let salted = [3; 32];
    let reference = Reference::of(mechanism);
    let (stored_key, server_key) = reference.keys(&salted);
    let mut known = ScramKeys::from_parts(mechanism, SALT, 4096, stored_key, server_key).unwrap();
    for real in [true, false] {
        known.set_real(real);
        let peer = Peer {
            mechanism,
            salted: salted.into(),
            keys: known.clone(),
        };
        let (mut server, proof, _) = peer.until_proof(peer.server(), &peer.first("n,"), b"");
        assert_eq!(server.step(proof.as_bytes()) != AuthOutcome::Reject, real);
    }
}

#[test]
fn garbled_messages_are_refused() {
    let peer = Peer::new(Mechanism::SCRAM_SHA_256);
    let first = peer.first("n,");
    let (_, proof, _) = peer.until_proof(peer.server(), &first, b"");
    for (at, garble) in (0..proof.len()).flat_map(|at| GARBLES.map(|garble| (at, garble))) {
        // The whole exchange, with a first message that the client did not send.
        let mut garbled = first.clone().into_bytes();
        if let Some(octet) = garbled.get_mut(at) {
            *octet = garble(*octet);
            let mut server = peer.server();
            if garbled != first.as_bytes()
                && let AuthOutcome::Challenge(said) = server.step(&garbled)
            {
                let (proof, _) = Reference::Sha256.finals(&peer.salted, &first, b"", &text(&said));
                assert_eq!(
                    server.step(proof.as_bytes()),
                    AuthOutcome::Reject,
                    "{}",
                    text(&garbled)
                );
            }
        }
        let (mut server, proof, _) = peer.until_proof(peer.server(), &first, b"");
        let mut garbled = proof.clone().into_bytes();
        let Some(octet) = garbled.get_mut(at) else {
            continue;
        };
        *octet = garble(*octet);
        if garbled != proof.as_bytes() {
            assert_eq!(server.step(&garbled), AuthOutcome::Reject, "{}", text(&garbled));
            assert_eq!(server.step(proof.as_bytes()), AuthOutcome::Reject);
        }
    }
}

#[test]
fn cut_messages_are_refused() {
    let peer = Peer::new(Mechanism::SCRAM_SHA_256);
    let first = peer.first("n,");
    for end in 0..first.len() - "client".len() {
        assert_eq!(
            peer.server().step(&first.as_bytes()[..end]),
            AuthOutcome::Reject,
            "{end}"
        );
    }
    let (_, whole, _) = peer.until_proof(peer.server(), &first, b"");
    for end in 0..whole.len() {
        let (mut server, proof, _) = peer.until_proof(peer.server(), &first, b"");
        assert_eq!(
            server.step(&proof.as_bytes()[..end]),
            AuthOutcome::Reject,
            "{end}"
        );
    }
}

#[test]
fn a_server_needs_keys_of_the_hash_and_a_channel() {
    let made = |mechanism, keys: Mechanism, binding: Option<&[u8]>| {
        let keys = Peer::new(keys).keys;
        let context = Context {
            channel_binding: binding,
            plus_offered: true,
            ..Context::default()
        };
        ScramServer::new(mechanism, keys, &context).is_some()
    };
    let (sha1, sha256) = (Mechanism::SCRAM_SHA_1, Mechanism::SCRAM_SHA_256);
    assert!(made(sha1, sha1, None));
    assert!(made(Mechanism::SCRAM_SHA_1_PLUS, sha1, Some(&BINDING)));
    assert!(!made(sha1, sha256, None));
    assert!(!made(sha256, sha1, None));
    assert!(!made(Mechanism::SCRAM_SHA_1_PLUS, sha1, None));
    assert!(!made(Mechanism::SCRAM_SHA_1_PLUS, sha1, Some(b"")));
    assert!(!made(Mechanism::PLAIN, sha1, None));
}
