use super::*;
use crate::sasl::scram::message::{ClientFinal, ClientFirst, Flag, ServerFinal, ServerFirst};
use proptest::prelude::*;

#[test]
fn the_first_message_of_a_client() {
    let first = ClientFirst::parse(b"p=tls-exporter,a=b=2Cc,n=a=3Db,r=xyz").unwrap();
    assert_eq!(first.flag, Flag::Bound(b"tls-exporter"));
    assert_eq!(
        (first.user.as_str(), first.authorization_id.as_deref()),
        ("a=b", Some("b,c"))
    );
    assert_eq!(first.nonce, b"xyz");
    for message in [
        "",
        "n",
        "n,",
        "n,,",
        "n,,n",
        "n,,n=",
        "n,,n=a",
        "n,,n=a,",
        "n,,n=a,r",
        "n,,n=a,r=",
        "n,a,n=a,r=x",
        "n,a=,n=a,r=x",
        "x,,n=a,r=x",
        "N,,n=a,r=x",
        "p,,n=a,r=x",
        "p=,,n=a,r=x",
        "p=a b,,n=a,r=x",
        "n,,n=a=,r=x",
        "n,,n=a=2c,r=x",
        "n,,n=a=3,r=x",
        "n,,m=x,n=a,r=x",
        "n,,n=a,r=x,t=y",
        "n,,n=a,r=x y",
        "n,,n=a,r=é",
        "n,,r=x,n=a",
        "n,,n=a\u{7},r=x",
        "n,,n=a\0,r=x",
    ] {
        assert!(ClientFirst::parse(message.as_bytes()).is_none(), "{message:?}");
    }
    assert!(ClientFirst::parse(b"n,,n=\xFF,r=x").is_none());
    assert!(ClientFirst::parse(std::format!("n,,n=a,r={}", "x".repeat(1024)).as_bytes()).is_some());
    assert!(ClientFirst::parse(std::format!("n,,n=a,r={}", "x".repeat(1025)).as_bytes()).is_none());
}

#[test]
fn the_first_message_of_a_server() {
    let first = ServerFirst::parse(b"r=xy,s=QQ==,i=4096").unwrap();
    assert_eq!((first.nonce, first.iterations), (b"xy".as_slice(), Some(4096)));
    let many = ServerFirst::parse(b"r=xy,s=QQ==,i=99999999999999999999").unwrap();
    assert_eq!(many.iterations, None);
    for message in [
        "",
        "r=xy",
        "r=xy,s=QQ==",
        "r=,s=QQ==,i=1",
        "r=x,s=,i=1",
        "r=x,s=QQ,i=1",
        "r=x,s=Q,i=1",
        "r=x,s=QR==,i=1",
        "r=x,s=QQ==,i=",
        "r=x,s=QQ==,i=0",
        "r=x,s=QQ==,i=01",
        "r=x,s=QQ==,i=+1",
        "r=x,s=QQ==,i=-1",
        "r=x,s=QQ==,i=1 ",
        "m=x,r=x,s=QQ==,i=1",
        "r=x,s=QQ==,i=1,x=y",
        "s=QQ==,r=x,i=1",
        "r=x y,s=QQ==,i=1",
        ",,",
        "a,b,c",
    ] {
        assert!(ServerFirst::parse(message.as_bytes()).is_none(), "{message:?}");
    }
}

#[test]
fn the_last_messages() {
    assert_eq!(
        ClientFinal::parse(b"c=biws,r=x,p=QQ==").unwrap().proof,
        "A".into()
    );
    for message in [
        "",
        "c=biws",
        "c=biws,r=x",
        "c=biw,r=x,p=QQ==",
        "c=biws,r=,p=QQ==",
        "c=biws,r=x,p=QQ",
        "c,r,p",
        "p=QQ==,r=x,c=biws",
        "c=biws,r=x,e=y,p=QQ==",
        "c=biws,r=x,p=QQ==,x",
    ] {
        assert!(ClientFinal::parse(message.as_bytes()).is_none(), "{message:?}");
    }
    assert_eq!(ServerFinal::parse(b"v=QQ=="), Some(ServerFinal::Verifier));
    assert_eq!(ServerFinal::parse(b"e=other-error"), Some(ServerFinal::Error));
    for message in ["", "v", "v=", "v=Q", "e=", "x=QQ==", "v=QQ==,x=y", ",", "\u{e9}="] {
        assert!(ServerFinal::parse(message.as_bytes()).is_none(), "{message:?}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(message in "([nyp=,arsicve \\x00é]|tls|4096|QQ==){0,24}") {
        let message = message.as_bytes();
        let mut server = server_with(Mechanism::SCRAM_SHA_256, server::cheap_keys());
        server.step(message);
        server.step(message);
        for mechanism in [Mechanism::SCRAM_SHA_1, Mechanism::SCRAM_SHA_256_PLUS] {
            let mut client = client(mechanism, "pencil");
            client.initial_response();
            assert!(client.respond(message).is_err());
            assert!(client.respond(message).is_err());
            assert!(client.verify_success().is_err());
        }
    }
}
