use alloc::{format, vec::Vec};

use super::*;
use crate::{
    syntax::{CommandError, Leniency, parse_command},
    types::{ArgumentFault, Command, Verb},
};

fn parse(line: &str) -> Result<Command<'_>, CommandError> {
    let parsed = parse_command(line.as_bytes(), &Leniency::STRICT);
    if let Ok(command) = &parsed {
        let written = command.to_line();
        let again = parse_command(written.trim_ascii_end(), &Leniency::STRICT);
        assert_eq!(again.as_ref(), Ok(command));
    }
    parsed
}

fn xclient(arguments: &str) -> ClientInfo<'static> {
    match parse(&format!("XCLIENT {arguments}")) {
        Ok(Command::Xclient(command)) => command.into_info().into_owned(),
        other => panic!("{arguments}: {other:?}"),
    }
}

fn xforward(arguments: &str) -> ClientInfo<'static> {
    match parse(&format!("XFORWARD {arguments}")) {
        Ok(Command::Xforward(command)) => command.into_info().into_owned(),
        other => panic!("{arguments}: {other:?}"),
    }
}

#[test]
fn all_attributes_of_xclient() {
    let info = xclient(
        "NAME=spike.example ADDR=168.100.189.2 PORT=1025 PROTO=ESMTP HELO=spike+2Eexample LOGIN=a+40b DESTADDR=IPV6:2001:db8::1 DESTPORT=25",
    );
    assert_eq!(info.name().as_deref(), Some("spike.example"));
    assert_eq!(info.addr(), Some("168.100.189.2".parse().unwrap()));
    assert_eq!((info.port(), info.dest_port()), (Some(1025), Some(25)));
    assert_eq!(info.proto().as_deref(), Some("ESMTP"));
    assert_eq!(info.helo().as_deref(), Some("spike.example"));
    assert_eq!(info.login().as_deref(), Some("a@b"));
    assert_eq!(info.dest_addr(), Some("2001:db8::1".parse().unwrap()));
    assert_eq!(info.attributes(), ClientAttributes::XCLIENT);
    assert_eq!((info.ident(), info.source()), (None, None));
}

#[test]
fn all_attributes_of_xforward() {
    let info =
        xforward("name=_x.example addr=ipv6:::1 port=0 proto=UUCP helo=[192.0.2.1] ident=a+2Bb source=local");
    assert_eq!(info.name().as_deref(), Some("_x.example"));
    assert_eq!(info.addr(), Some("::1".parse().unwrap()));
    assert_eq!(info.port(), Some(0));
    assert_eq!(info.proto().as_deref(), Some("UUCP"));
    assert_eq!(info.helo().as_deref(), Some("[192.0.2.1]"));
    assert_eq!(info.ident().as_deref(), Some("a+b"));
    assert_eq!(info.source(), Some(ClientSource::Local));
    assert_eq!(info.attributes(), ClientAttributes::XFORWARD);
    assert_eq!(xforward("SOURCE=REMOTE").source(), Some(ClientSource::Remote));
}

#[test]
fn unavailable_and_temporarily_unavailable_values() {
    let info = xclient("NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE] LOGIN=[unavailable]");
    assert_eq!(
        info.get(ClientAttribute::Name),
        Some(ClientValue::TemporarilyUnavailable)
    );
    assert_eq!(info.get(ClientAttribute::Addr), Some(ClientValue::Unavailable));
    assert_eq!(info.get(ClientAttribute::Login), Some(ClientValue::Unavailable));
    assert_eq!(info.get(ClientAttribute::Port), None);
    assert_eq!((info.name(), info.addr(), info.login()), (None, None, None));
    for attribute in ClientAttributes::XFORWARD.iter() {
        let info = xforward(&format!("{attribute}=[UNAVAILABLE]"));
        assert_eq!(info.get(attribute), Some(ClientValue::Unavailable));
    }
}

#[test]
fn the_last_of_two_values_counts() {
    assert_eq!(xclient("PORT=1 PORT=2").port(), Some(2));
    assert_eq!(xclient("PORT=1   PORT=[UNAVAILABLE]").port(), None);
}

#[test]
fn arguments_that_are_malformed() {
    let long = format!("HELO={}", "x".repeat(256));
    let mut bad = Vec::from([
        "ADDR",
        "ADDR=",
        "=x",
        "SHOE=42",
        "ADDR=192.0.2.1 SHOE=42",
        "ADDR=192.0.2.1 PORT",
        "ADDR =192.0.2.1",
        "ADDR=999.1.1.1",
        "ADDR=2001:db8::1",
        "ADDR=IPV6:192.0.2.1",
        "ADDR=[192.0.2.1]",
        "ADDR=[TEMPUNAVAIL]",
        "PORT=65536",
        "PORT=-1",
        "PORT=+31",
        "PORT=+2B1",
        "PORT=000001",
        "PORT=x",
        "NAME=a+ZZ",
        "NAME=a+2e",
        "NAME=a=b",
        "NAME=a+20b",
        "NAME=.a",
        "NAME=a..b",
        "HELO=a+0Db",
        "HELO=a+00",
        "HELO=+FF",
        "DESTPORT=1.5",
    ]);
    bad.push(&long);
    for arguments in &bad {
        for verb in [Verb::Xclient, Verb::Xforward] {
            let line = format!("{verb} {arguments}");
            match parse(&line) {
                Err(CommandError::Argument { verb: of, error }) => {
                    assert_eq!((of, error.fault()), (verb, ArgumentFault::Attribute), "{line}");
                    assert!(error.position() <= line.len());
                }
                // Each command has attributes that the other has not.
                other => assert!(line.contains("+31") && other.is_ok(), "{line}: {other:?}"),
            }
        }
    }
    for line in ["XCLIENT", "XCLIENT  ", "XFORWARD"] {
        let Err(CommandError::Argument { error, .. }) = parse(line) else {
            panic!("{line}")
        };
        assert_eq!(error.fault(), ArgumentFault::Empty);
    }
    for line in [
        "XCLIENT IDENT=x",
        "XCLIENT SOURCE=LOCAL",
        "XCLIENT PROTO=HTTP",
        "XFORWARD LOGIN=x",
        "XFORWARD DESTADDR=192.0.2.1",
        "XFORWARD SOURCE=x",
        "XFORWARD NAME=[TEMPUNAVAIL]",
    ] {
        assert!(
            matches!(parse(line), Err(CommandError::Argument { .. })),
            "{line}"
        );
    }
    assert!(matches!(parse("XCLIENTS ADDR=1"), Ok(Command::Unknown(_))));
    assert!(matches!(parse("XCLIEN"), Ok(Command::Unknown(_))));
}

#[test]
fn values_are_created_by_methods() {
    let info = ClientInfo::default()
        .with_addr("[2001:db8::7]:4000".parse().unwrap())
        .with(ClientAttribute::Helo, "a=b c")
        .and_then(|info| info.with(ClientAttribute::Login, "caf\u{e9}"))
        .unwrap();
    assert_eq!(
        info.as_str(),
        "ADDR=IPV6:2001:db8::7 PORT=4000 HELO=a+3Db+20c LOGIN=caf+C3+A9"
    );
    assert_eq!(info.login().as_deref(), Some("caf\u{e9}"));
    assert_eq!(xclient(info.as_str()), info);
    let info = info.with(ClientAttribute::Port, "[UNAVAILABLE]").unwrap();
    assert_eq!(info.port(), None);
    for (attribute, value) in [
        (ClientAttribute::Addr, "localhost"),
        (ClientAttribute::Port, "99999"),
        (ClientAttribute::Name, ""),
        (ClientAttribute::Name, "a b"),
        (ClientAttribute::Helo, "a\r\nb"),
        (ClientAttribute::Source, "HERE"),
    ] {
        let error = info.clone().with(attribute, value).unwrap_err();
        assert_eq!(error.fault(), ArgumentFault::Attribute, "{attribute}={value}");
    }
    let long = "\u{e9}".repeat(127);
    assert!(
        info.with(ClientAttribute::Helo, &long).is_err(),
        "its encoding is too long"
    );
}

#[test]
fn a_later_command_replaces_values() {
    let info = xclient("NAME=a.example ADDR=192.0.2.1 LOGIN=ann");
    let info = info.updated(&xclient("addr=192.0.2.2 LOGIN=[UNAVAILABLE]"));
    assert_eq!(info.as_str(), "NAME=a.example addr=192.0.2.2 LOGIN=[UNAVAILABLE]");
    assert_eq!(info.addr(), Some("192.0.2.2".parse().unwrap()));
    let none = ClientInfo::default();
    assert_eq!(none.clone().updated(&info), info);
    assert_eq!(
        info.clone().updated(&none),
        info.clone().only(ClientAttributes::XCLIENT)
    );
    let name = ClientAttributes::default().with(ClientAttribute::Name);
    assert_eq!(info.only(name).as_str(), "NAME=a.example");
}

#[test]
fn a_command_has_its_own_attributes_only() {
    let info = ClientInfo::default()
        .with(ClientAttribute::Proto, "UUCP")
        .and_then(|info| info.with(ClientAttribute::Ident, "7"))
        .and_then(|info| info.with(ClientAttribute::Login, "ann"))
        .unwrap();
    assert_eq!(Xclient::new(&info).unwrap().info().as_str(), "LOGIN=ann");
    assert_eq!(
        Xforward::new(&info).unwrap().info().as_str(),
        "PROTO=UUCP IDENT=7"
    );
    assert_eq!(Xclient::new(&ClientInfo::default()), None);
    let line = Command::Xclient(Xclient::new(&info).unwrap()).to_line();
    assert_eq!(line, b"XCLIENT LOGIN=ann\r\n");
}
