use smtp_proto::{
    Instant, Machine, Step, TlsInfo,
    server::{Config, Server},
    syntax::{parse_ehlo, parse_reply},
    types::{Extension, Extensions, Host, Keyword, Printable, Reply},
};

/// Input: the lines of a reply to EHLO, with LF between them. Property: a server can offer the parsed extensions, and parsing
/// its reply gives the same extensions.
pub fn ehlo(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|octet| *octet == b'\n').collect();
    let mut wire = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let last = number + 1 == lines.len();
        wire.extend_from_slice(if last { b"250 " } else { b"250-" });
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    let Ok(reply) = parse_reply(&wire) else {
        return;
    };
    let (name, mut extensions) = parse_ehlo(&reply);
    assert!(
        !name.contains(|letter| !Printable::allows(letter)) && !name.contains(' '),
        "{name:?}"
    );

    let mechanisms: Vec<&str> = extensions.auth_mechanisms().collect();
    if let Ok(auth) = Extension::auth(mechanisms.join(" ")) {
        let again = Extensions::default().with(auth);
        assert!(
            again.auth_mechanisms().eq(mechanisms.iter().copied()),
            "{mechanisms:?}"
        );
    }

    // These depend on the session.
    extensions.remove(Keyword::Auth);
    extensions.remove(Keyword::StartTls);
    let offered = offer(&extensions);
    assert_eq!(parse_ehlo(&offered), ("mx.example.org", extensions), "{offered}");
}

/// Returns the reply to EHLO of a server that offers these extensions.
fn offer(extensions: &Extensions) -> Reply<'static> {
    let mut config = Config::new(Host::parse("mx.example.org").expect("a host").into_owned());
    config.extensions = extensions.clone();
    let mut server = Server::new(config.into());
    server.set_implicit_tls(TlsInfo::default());
    for said in [b"".as_slice(), b"EHLO client.example\r\n"] {
        server.advance_output(server.output().len());
        let mut input = said;
        while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
            if let Some(ticket) = event.into_ticket() {
                server.accept(ticket).expect("a question");
            }
        }
    }
    parse_reply(server.output()).expect("a reply").into_owned()
}
