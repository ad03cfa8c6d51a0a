//! The syntax of the table.

use std::{collections::HashMap, net::IpAddr};

use smtp_relay::{
    route::{Exchange, Mx, Security},
    tlsa::Tlsa,
};

/// Records by their names.
#[derive(Debug, Default)]
pub(super) struct Table(pub(super) HashMap<String, Node>);

/// The records of a name.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) records: Vec<Record>,
    /// Types whose lookup fails.
    pub(super) failures: Vec<(Type, Failure)>,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) data: Data,
    pub(super) security: Security,
}

/// The data of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Address(IpAddr),
    Alias(String),
    Mx(Mx),
    Text(Vec<u8>),
    Tlsa(Tlsa),
}

/// The type of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    A,
    Aaaa,
    Cname,
    Mx,
    Tlsa,
    Txt,
}

/// The failure of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Unavailable,
    Bogus,
    NoSuchName,
}

impl Table {
    /// Parses a table.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        for (number, line) in text.lines().enumerate() {
            table
                .line(line)
                .map_err(|why| format!("line {}: {why}", number + 1))?;
        }
        Ok(table)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let words = words(line)?;
        let (name, kind, mut rest) = match &words[..] {
            [] => return Ok(()),
            [name, kind, rest @ ..] => (name, kind, rest),
            [_] => return Err("expected a name, a type and data".into()),
        };
        let kind = Type::parse(kind).ok_or_else(|| format!("unknown type {kind}"))?;
        let node = self.0.entry(canonical(name)).or_default();
        if let [only] = rest
            && let Some(failure) = Failure::parse(only)
        {
            node.failures.push((kind, failure));
            return Ok(());
        }
        let mut security = Security::Insecure;
        if let [data @ .., last] = rest
            && let Some(given) = security_of(last)
        {
            (rest, security) = (data, given);
        }
        let data = kind.data(rest).ok_or("malformed data")?;
        node.records.push(Record { data, security });
        Ok(())
    }
}

impl Record {
    pub(super) const fn kind(&self) -> Type {
        match &self.data {
            Data::Address(IpAddr::V4(_)) => Type::A,
            Data::Address(IpAddr::V6(_)) => Type::Aaaa,
            Data::Alias(_) => Type::Cname,
            Data::Mx(_) => Type::Mx,
            Data::Text(_) => Type::Txt,
            Data::Tlsa(_) => Type::Tlsa,
        }
    }
}

impl Type {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().as_str() {
            "A" => Self::A,
            "AAAA" => Self::Aaaa,
            "CNAME" => Self::Cname,
            "MX" => Self::Mx,
            "TLSA" => Self::Tlsa,
            "TXT" => Self::Txt,
            _ => return None,
        })
    }

    fn data(self, words: &[String]) -> Option<Data> {
        Some(match (self, words) {
            (Self::A, [address]) => Data::Address(IpAddr::V4(address.parse().ok()?)),
            (Self::Aaaa, [address]) => Data::Address(IpAddr::V6(address.parse().ok()?)),
            (Self::Cname, [name]) => Data::Alias(canonical(name)),
            (Self::Mx, [preference, host]) => Data::Mx(Mx {
                preference: preference.parse().ok()?,
                exchange: Exchange::parse(host),
            }),
            (Self::Tlsa, words) => Data::Tlsa(words.join(" ").parse().ok()?),
            (Self::Txt, [_, ..]) => Data::Text(words.concat().into_bytes()),
            _ => return None,
        })
    }
}

impl Failure {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().as_str() {
            "SERVFAIL" | "TIMEOUT" => Self::Unavailable,
            "BOGUS" => Self::Bogus,
            "NXDOMAIN" => Self::NoSuchName,
            _ => return None,
        })
    }
}

fn security_of(word: &str) -> Option<Security> {
    match word.to_ascii_lowercase().as_str() {
        "secure" => Some(Security::Secure),
        "insecure" => Some(Security::Insecure),
        _ => None,
    }
}

/// The name in lower case, without the dot of the root.
pub(super) fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Splits a line into words. A word in quotation marks may contain spaces; `#` begins a comment.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let word;
        (word, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("a quotation mark is missing")?,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = rest.trim_start();
    }
    Ok(words)
}
