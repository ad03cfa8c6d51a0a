use std::fs;

use smtp_relay::{
    Name,
    route::{Denied, Family, Mx, Security},
};

use super::*;

const TABLE: &str = "
# the zone
Example.org.      mx    10 MX1.example.org.       secure
example.org       MX    20 mx2.example.org        secure   # a comment
mx1.example.org   A     127.0.0.11 secure
alias.example     CNAME example.org
null.example      MX    0 .
broken.example    MX    SERVFAIL
forged.example    MX    BOGUS
gone.example      MX    NXDOMAIN
_25._tcp.mx1.example.org TLSA 3 1 1 \
     8cb2a1f4e0c3b7d6958fa0b1c2d3e4f58cb2a1f4e0c3b7d6958fa0b1c2d3e4f5 secure
_mta-sts.example.org TXT \"v=STSv1; \" \"id=1;\"
a.example CNAME b.example
b.example CNAME a.example
";

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn mx(domain: &str) -> Answer {
    Table::parse(TABLE).unwrap().answer(&Question::Mx(name(domain)))
}

fn denied(denied: Denied, security: Security) -> Answer {
    Answer::None { denied, security }
}

#[test]
fn records_are_found_in_any_case_and_through_aliases() {
    let records = vec![Mx::new(10, "mx1.example.org"), Mx::new(20, "mx2.example.org")];
    let answer = |security| Answer::Mx {
        name: name("example.org"),
        records: records.clone(),
        security,
    };
    assert_eq!(mx("EXAMPLE.org"), answer(Security::Secure));
    assert_eq!(mx("alias.example"), answer(Security::Insecure));
}

#[test]
fn failures_and_denials_differ() {
    assert_eq!(mx("broken.example"), Answer::Failed(DnsFault::Unavailable));
    assert_eq!(mx("forged.example"), Answer::Failed(DnsFault::Bogus));
    assert_eq!(mx("a.example"), Answer::Failed(DnsFault::Unavailable), "a loop");
    assert_eq!(mx("gone.example"), denied(Denied::Name, Security::Insecure));
    assert_eq!(mx("other.example"), denied(Denied::Name, Security::Insecure));
    assert_eq!(mx("mx1.example.org"), denied(Denied::Type, Security::Secure));
    assert_eq!(
        mx("example"),
        denied(Denied::Type, Security::Insecure),
        "it has names below it"
    );
}

#[test]
fn the_other_types() {
    let table = Table::parse(TABLE).unwrap();
    let host = name("mx1.example.org");
    let addresses = table.answer(&Question::Addresses(host.clone(), Family::V4));
    assert!(matches!(addresses, Answer::Addresses { addresses, .. } if addresses.len() == 1));
    let addresses = table.answer(&Question::Addresses(host.clone(), Family::V6));
    assert_eq!(addresses, denied(Denied::Type, Security::Secure));
    let tlsa = table.answer(&Question::Tlsa { port: 25, host });
    assert!(matches!(tlsa, Answer::Tlsa { records, security: Security::Secure } if records.len() == 1));
    let alias = table.answer(&Question::Cname(name("alias.example")));
    assert_eq!(
        alias,
        Answer::Cname {
            security: Security::Insecure
        }
    );
    assert_eq!(table.texts("_mta-sts.example.org").unwrap(), [b"v=STSv1; id=1;"]);
    assert!(table.texts("example.org").unwrap().is_empty());
}

#[test]
fn a_malformed_line_is_named() {
    for (text, expected) in [
        ("\nx A", "line 2: malformed data"),
        ("x", "line 1: expected a name, a type and data"),
        ("x NS y", "line 1: unknown type NS"),
        ("x TXT \"y", "line 1: a quotation mark is missing"),
    ] {
        assert_eq!(Table::parse(text).unwrap_err(), expected);
    }
}

#[tokio::test]
async fn the_file_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dns.txt");
    fs::write(&path, "x.example MX SERVFAIL\n").unwrap();
    let table = TableFile::open(&path).unwrap();
    let question = Question::Mx(name("x.example"));
    assert_eq!(
        table.answer(question.clone()).await,
        Answer::Failed(DnsFault::Unavailable)
    );
    fs::write(&path, "x.example MX BOGUS\n").unwrap();
    assert_eq!(
        table.answer(question.clone()).await,
        Answer::Failed(DnsFault::Bogus)
    );
    fs::write(&path, "nonsense\n").unwrap();
    assert_eq!(
        table.answer(question).await,
        Answer::Failed(DnsFault::Bogus),
        "the last good one"
    );
}
