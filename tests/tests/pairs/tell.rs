//! The events of a world as lines of a story.

use smtp_proto::server::Shutdown;
use smtp_tests::{Action, Role, escape_all};

/// Returns the line of a story for this action.
pub(crate) fn line(action: &Action) -> String {
    let letter = |role: &Role| match role {
        Role::Client => "C",
        Role::Server => "S",
    };
    match action {
        Action::Say(role, octets) => {
            let line = octets.strip_suffix(b"\r\n").filter(|line| !line.contains(&b'\n'));
            match line {
                Some(line) => format!("{}: {}", letter(role), readable(line)),
                None => format!("{}> {}", letter(role), readable(octets)),
            }
        }
        Action::Arrive(role, octets) => format!("{}< {octets}", letter(role)),
        Action::EndOfInput(role) => format!("{}! eof", letter(role)),
        Action::Lost(role) => format!("{}! lost", letter(role)),
        Action::Time(span) => format!("T: {}ms", span.as_millis()),
        Action::Handshake(true) => "T! tls".to_owned(),
        Action::Handshake(false) => "T! tls failed".to_owned(),
        Action::Shutdown(Shutdown::Now) => "S! shutdown now".to_owned(),
        Action::Shutdown(Shutdown::Gracefully) => "S! shutdown gracefully".to_owned(),
        Action::Client(act) => format!("> {act}"),
        Action::Answer(number, words) => format!("S! answer {number} {words}").trim_end().to_owned(),
        Action::Fail(words) => format!("S! fail {words}"),
    }
}

/// Octets as they stand in a line; blanks stay but for those at its ends.
pub(crate) fn readable(octets: &[u8]) -> String {
    let inner = octets.len().saturating_sub(1);
    let blank = |(index, octet): (usize, &u8)| {
        if *octet == b' ' && index > 0 && index < inner {
            " ".to_owned()
        } else {
            escape_all(&[*octet])
        }
    };
    octets.iter().enumerate().map(blank).collect()
}
