use smtp_proto::{
    syntax::{Leniency, parse_command},
    types::{
        AddressLiteral, ClientName, Command, Domain, ForwardPath, Host, InvalidAddress, Mailbox, Path,
        Postmaster, Printable, Rcpt, RcptParameters, ReversePath,
    },
};

/// Parses a text as each kind of address. A value keeps the text, its parts make it up and are within their limits, and
/// a command transfers it unchanged.
pub fn address(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    for error in [
        Mailbox::parse(text).err(),
        Path::parse(text).err(),
        ReversePath::parse(text).err(),
        ForwardPath::parse(text).err(),
        Host::parse(text).err(),
        Domain::parse(text).err(),
        AddressLiteral::parse(text).err(),
        ClientName::parse(text).err(),
    ]
    .into_iter()
    .flatten()
    {
        faulty(text, &error);
    }
    if let Ok(mailbox) = Mailbox::parse(text) {
        kept(text, mailbox.as_str());
        check(&mailbox);
    }
    if let Ok(path) = Path::parse(text) {
        kept(text, path.as_str());
        check(&path.mailbox());
        let route = path
            .source_route()
            .map_or(String::new(), |route| format!("{route}:"));
        assert_eq!(format!("{route}{}", path.mailbox()), path.as_str());
    }
    if let Ok(path) = ReversePath::parse(text) {
        kept(text, path.as_str());
        assert_eq!(path.is_null(), path.as_str().is_empty());
        assert_eq!(ReversePath::parse(path.as_str()).as_ref(), Ok(&path));
    }
    if let Ok(path) = ForwardPath::parse(text) {
        kept(text, path.as_str());
        assert!(!path.as_str().is_empty());
        sent(path);
    }
    if let Ok(host) = Host::parse(text) {
        kept(text, host.as_str());
    }
    if let Ok(domain) = Domain::parse(text) {
        kept(text, domain.as_str());
        assert_eq!(Host::parse(text), Ok(Host::Domain(domain)));
    }
    if let Ok(literal) = AddressLiteral::parse(text) {
        kept(text, literal.as_str());
        assert_eq!(Host::parse(text), Ok(Host::Literal(literal)));
    }
    if let Ok(name) = ClientName::parse(text) {
        kept(text, name.as_str());
        assert!(name.as_str().is_ascii());
    }
    if let Some(postmaster) = Postmaster::parse(text) {
        assert!(postmaster.as_str().eq_ignore_ascii_case("postmaster"));
    }
}

/// An error has its position within the text, at the start of a character, and its message is short and printable.
fn faulty(text: &str, error: &InvalidAddress) {
    assert!(text.is_char_boundary(error.position()), "{text:?}: {error}");
    let message = error.to_string();
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.len() < 150, "{message:?}");
}

/// The value keeps the text as it was written, but for brackets around a path.
fn kept(text: &str, parsed: &str) {
    let bare = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    assert!(
        parsed == text || Some(parsed) == bare,
        "{text:?} became {parsed:?}"
    );
    assert!(
        !parsed.contains(|letter| !Printable::allows(letter)),
        "{parsed:?}"
    );
}

fn check(mailbox: &Mailbox<'_>) {
    assert_eq!(
        format!("{}@{}", mailbox.local_part(), mailbox.domain()),
        mailbox.as_str()
    );
    assert_eq!(Mailbox::parse(mailbox.as_str()).as_ref(), Ok(mailbox));
    assert!(mailbox.local_part().len() <= Mailbox::MAX_LOCAL_PART, "{mailbox}");
    assert!(mailbox.domain().len() <= Domain::MAX, "{mailbox}");
    assert_eq!(mailbox.host().as_str(), mailbox.domain());

    let unquoted = mailbox.unquoted_local_part();
    match Mailbox::new(&unquoted, &mailbox.host()) {
        Ok(made) => {
            assert_eq!(made.unquoted_local_part(), unquoted);
            assert_eq!(made.host(), mailbox.host());
        }
        // Quotes make a local part longer.
        Err(error) => assert!(mailbox.local_part().starts_with('"'), "{mailbox}: {error}"),
    }
}

/// RCPT with this path is read as RCPT with this path.
fn sent(path: ForwardPath<'_>) {
    let rcpt = Command::Rcpt(Rcpt::new(path, RcptParameters::default()));
    let line = rcpt.to_line();
    let line = line.strip_suffix(b"\r\n").expect("a line");
    assert_eq!(parse_command(line, &Leniency::STRICT).as_ref(), Ok(&rcpt));
}
