//! The result of an implementation for an input, and its difference from ours.

use std::{collections::BTreeMap, fmt};

/// The result of an implementation for an input.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The input was parsed. The fields, by name.
    Accepted(BTreeMap<&'static str, String>),
    /// The input was refused as malformed.
    Refused,
    /// It waits for more, and the input is whole.
    Waits,
    /// It panicked.
    Panics,
    /// The call did not return.
    Hangs,
}

impl Outcome {
    pub(crate) fn accepted<const N: usize>(fields: [(&'static str, &str); N]) -> Self {
        Self::Accepted(fields.map(|(name, value)| (name, value.to_owned())).into())
    }

    /// Adds a field.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Accepted(fields) = &mut self {
            fields.insert(name, value.into());
        }
        self
    }

    /// Adds the unused rest of an input that should have been consumed. An empty rest adds nothing.
    #[must_use]
    pub(crate) fn left(self, rest: &[u8]) -> Self {
        if rest.is_empty() {
            self
        } else {
            self.with("end", crate::escape::escaped(rest))
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(fields) => {
                f.write_str("accepts")?;
                fields
                    .iter()
                    .try_for_each(|(name, value)| write!(f, " {name}={value:?}"))
            }
            Self::Refused => f.write_str("refuses"),
            Self::Waits => f.write_str("waits"),
            Self::Panics => f.write_str("panics"),
            Self::Hangs => f.write_str("hangs"),
        }
    }
}

/// Returns the difference of the other result from ours. Compares only the fields that it has.
pub(crate) fn difference(ours: &Outcome, theirs: &Outcome) -> Option<String> {
    match (ours, theirs) {
        (ours, theirs) if ours == theirs => None,
        (Outcome::Accepted(ours), Outcome::Accepted(theirs)) => theirs
            .iter()
            .find(|(name, value)| ours.get(*name) != Some(*value))
            .map(|(name, _)| format!("other {name}")),
        (_, Outcome::Accepted(_)) => Some("accepts".into()),
        (_, theirs) => Some(theirs.to_string()),
    }
}

/// A difference to judge.
pub(crate) struct Difference {
    pub(crate) kind: &'static str,
    pub(crate) input: String,
    pub(crate) who: &'static str,
    pub(crate) does: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            input,
            who,
            does,
        } = self;
        write!(f, "{kind} | {input} | {who} | {does}")
    }
}

/// Parameters in a form in which they can be compared: keywords, and values that are words, in capitals, sorted.
pub(crate) fn parameters<'a>(all: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut all: Vec<_> = all
        .map(|(keyword, value)| {
            let keyword = keyword.to_ascii_uppercase();
            let value = value
                .filter(|value| !value.is_empty())
                .map(|value| match keyword.as_str() {
                    "BODY" | "RET" => value.to_ascii_uppercase(),
                    "NOTIFY" => {
                        let value = value.to_ascii_uppercase();
                        let mut words: Vec<_> = value.split(',').collect();
                        words.sort_unstable();
                        words.join(",")
                    }
                    "SIZE" => match value.trim_start_matches('0') {
                        "" => "0".into(),
                        digits => digits.into(),
                    },
                    _ => value.into(),
                });
            value.map_or(keyword.clone(), |value| format!("{keyword}={value}"))
        })
        .collect();
    all.sort_unstable();
    all.join(" ")
}
