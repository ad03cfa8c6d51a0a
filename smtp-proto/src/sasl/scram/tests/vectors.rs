//! The examples of RFC 5802 section 5 and RFC 7677 section 3, and one for SHA-512, which has no RFC, that other
//! implementations test with: they prove the reference, and the derivation of keys.

use super::reference::Reference;
use super::*;
use crate::sasl::base64;
use crate::sasl::scram::message::{ClientFinal, ClientFirst, ServerFinal, ServerFirst};

struct Vector {
    mechanism: Mechanism,
    salt: &'static str,
    messages: [&'static str; 4],
}

const VECTORS: [Vector; 3] = [
    Vector {
        mechanism: Mechanism::SCRAM_SHA_1,
        salt: "QSXCR+Q6sek8bf92",
        messages: [
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    },
    Vector {
        mechanism: Mechanism::SCRAM_SHA_256,
        salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
        messages: [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    },
    Vector {
        mechanism: Mechanism::SCRAM_SHA_512,
        salt: "Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=",
        messages: [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,\
             s=Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,\
             p=Hc5yec3NmCD7t+kFRw4/3yD6/F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==",
            "v=BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw==",
        ],
    },
];

#[test]
fn the_reference_and_the_keys_follow_the_examples() {
    for vector in VECTORS {
        let reference = Reference::of(vector.mechanism);
        let salt = base64::decode(vector.salt.as_bytes()).unwrap();
        let salted = reference.salted("pencil", salt.expose(), 4096);
        let [client_first, server_first, client_final, server_final] = vector.messages;
        assert_eq!(
            reference.finals(&salted, client_first, b"", server_first),
            (client_final.to_owned(), server_final.to_owned())
        );
        let (stored_key, server_key) = reference.keys(&salted);
        let keys = ScramKeys::derive(vector.mechanism, &"pencil".into(), salt.expose(), 4096).unwrap();
        assert!(keys.stored_key().matches(&stored_key));
        assert!(keys.server_key().matches(&server_key));
    }
}

#[test]
fn the_messages_of_the_examples_are_read() {
    for vector in VECTORS {
        let [client_first, server_first, client_final, server_final] = vector.messages.map(str::as_bytes);
        assert_eq!(ClientFirst::parse(client_first).unwrap().user, "user");
        assert_eq!(ServerFirst::parse(server_first).unwrap().iterations, Some(4096));
        assert!(ClientFinal::parse(client_final).is_some());
        assert_eq!(ServerFinal::parse(server_final), Some(ServerFinal::Verifier));
    }
}
