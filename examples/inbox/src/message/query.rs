//! Searches.

use serde::Deserialize;

use super::{Message, Person};

/// A search: all of its parts must fit. Case does not matter, and a part of a word is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Query {
    /// Sender: in the envelope or in the header.
    from: Option<String>,
    /// Recipient: in the envelope or in the header.
    to: Option<String>,
    subject: Option<String>,
    /// Words anywhere; `from:`, `to:` and `subject:` before a word name a field, and `"` keeps words together.
    q: Option<String>,
    /// Only messages with a higher number.
    after: Option<u64>,
}

impl Query {
    /// A search for these words.
    #[cfg(test)]
    pub(crate) fn words(words: &str) -> Self {
        Self {
            q: Some(words.into()),
            ..Self::default()
        }
    }

    pub(crate) fn fits(&self, message: &Message) -> bool {
        let named = [("from", &self.from), ("to", &self.to), ("subject", &self.subject)];
        self.after.is_none_or(|after| message.id > after)
            && named.into_iter().all(|(field, word)| {
                word.as_ref()
                    .is_none_or(|word| has(message, field, &word.to_lowercase()))
            })
            && self
                .tokens()
                .iter()
                .all(|(field, word)| has(message, field, word))
    }

    /// Returns true if all words are somewhere in a session. Words for a field of a message fit no session.
    pub(crate) fn fits_session(&self, contains: impl Fn(&str) -> bool) -> bool {
        self.tokens()
            .iter()
            .all(|(field, word)| field.is_empty() && contains(word))
    }

    /// The words of `q`, in lower case, with the field before each.
    fn tokens(&self) -> Vec<(&'static str, String)> {
        let text = self.q.as_deref().unwrap_or_default().to_lowercase();
        let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
        for character in text.chars().chain([' ']) {
            match character {
                '"' => is_quoted = !is_quoted,
                space if space.is_whitespace() && !is_quoted => words.push(std::mem::take(&mut word)),
                other => word.push(other),
            }
        }
        // A quote that does not end, with the space added above.
        words.push(word.trim_end().to_owned());
        words.retain(|word| !word.is_empty());
        let token = |word: String| {
            for field in ["from", "to", "subject"] {
                let rest = word.strip_prefix(field).and_then(|rest| rest.strip_prefix(':'));
                if let Some(rest) = rest {
                    return (field, rest.to_owned());
                }
            }
            ("", word)
        };
        words.into_iter().map(token).collect()
    }
}

/// Returns true if the field, or without one any part of the message, contains this text, which is in lower case.
fn has(message: &Message, field: &str, word: &str) -> bool {
    let (summary, envelope) = (&message.summary, &message.envelope);
    let contains = |text: &String| text.to_lowercase().contains(word);
    let is_one = |person: &Person| contains(&person.name) || contains(&person.address);
    match field {
        "from" => contains(&envelope.from) || summary.from.iter().any(is_one),
        "to" => {
            envelope.to.iter().any(contains) || summary.to.iter().any(is_one) || summary.cc.iter().any(is_one)
        }
        "subject" => contains(&summary.subject),
        _ => message.searched.contains(word),
    }
}
