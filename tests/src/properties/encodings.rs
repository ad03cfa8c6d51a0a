use smtp_proto::{
    Instant, Machine, Step,
    client::{self, Client},
    sasl::{AuthRequest, ClientMechanism, Mechanism, MechanismError, PlaintextAuth, Secret},
    server::{self, Event, Server},
    types::{ClientName, Host, Printable, Xtext},
};

use super::reference;

/// Input: any octets. Property: machines and reference agree when they encode the octets, and when they decode the octets as
/// xtext and base64.
pub fn encodings(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        xtext(text);
    }
    if data.len() <= MOST {
        assert_eq!(challenged(data), reference::to_base64(data).as_bytes());
    }
    if !data.is_empty() && data.len() <= MOST && data.iter().all(u8::is_ascii_graphic) {
        // RFC 4954 section 4: `=` is a response of no octets.
        let expected = if data == b"=" {
            Some(Vec::new())
        } else {
            reference::from_base64(data)
        };
        assert_eq!(claimed(data), expected);
    }
}

fn xtext(text: &str) {
    let decoded = reference::from_xtext(text).and_then(|octets| String::from_utf8(octets).ok());
    let decoded = decoded.filter(|decoded| {
        !text.is_empty() && text.len() <= Xtext::MAX && !decoded.contains(|letter| !Printable::allows(letter))
    });
    if let Err(error) = Xtext::parse(text) {
        assert!(text.is_char_boundary(error.position()), "{text:?}: {error}");
    }
    let parsed = Xtext::parse(text).ok();
    assert_eq!(
        parsed.as_ref().map(|xtext| xtext.decode().into_owned()),
        decoded,
        "{text:?}"
    );
    assert!(parsed.is_none_or(|xtext| xtext.as_str() == text));

    if let Ok(encoded) = Xtext::encode(text) {
        assert_eq!(encoded.decode(), text);
        let octets = reference::from_xtext(encoded.as_str());
        assert_eq!(octets.as_deref(), Some(text.as_bytes()));
    }
}

/// Returns the initial response, as decoded by a server.
fn claimed(text: &[u8]) -> Option<Vec<u8>> {
    let mut config = server::Config::new(Host::parse("mx.example.org").expect("a host").into_owned());
    config.offer_auth([Mechanism::parse(RAW).expect("a mechanism")]);
    config.plaintext_auth = PlaintextAuth::Insecure;
    let mut server = Server::new(config.into());
    let auth = [b"AUTH X-RAW ", text, b"\r\n"].concat();
    for said in [b"".as_slice(), b"EHLO client.example\r\n", &auth] {
        let mut input = said;
        while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
            match event {
                Event::Auth {
                    request:
                        AuthRequest::Begin {
                            initial: Some(initial),
                        },
                    ..
                } => {
                    return Some(initial.expose().to_vec());
                }
                event => {
                    if let Some(ticket) = event.into_ticket() {
                        server.accept(ticket).expect("a question");
                    }
                }
            }
        }
        server.advance_output(server.output().len());
    }
    None
}

/// The response of a client to a challenge.
fn challenged(octets: &[u8]) -> Vec<u8> {
    let mut config = client::Config::new(ClientName::parse("client.example").expect("a name").into_owned());
    config.plaintext_auth = PlaintextAuth::Insecure;
    let mut client = Client::new(config.into());
    for said in [
        b"220 mx\r\n".as_slice(),
        b"250-mx\r\n250 AUTH X-RAW\r\n",
        b"334 \r\n",
    ] {
        if client.is_ready() {
            client
                .authenticate(Box::new(Raw(octets.into())))
                .expect("it is its turn");
        }
        client.advance_output(client.output().len());
        let mut input = said;
        while let Step::Event(_) = client.poll(&mut input, Instant::ORIGIN) {}
    }
    let line = client.output();
    line.strip_suffix(b"\r\n").expect("a response").to_vec()
}

/// A mechanism with fixed responses.
#[derive(Debug)]
struct Raw(Secret);

impl ClientMechanism for Raw {
    fn mechanism(&self) -> Mechanism {
        Mechanism::parse(RAW).expect("a mechanism")
    }

    fn initial_response(&mut self) -> Option<Secret> {
        None
    }

    fn respond(&mut self, _: &[u8]) -> Result<Secret, MechanismError> {
        Ok(self.0.clone())
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        Ok(())
    }
}

const RAW: &str = "X-RAW";

/// Maximum octets that fit into an AUTH line in base64, with its verb and mechanism.
const MOST: usize = 12_000;
