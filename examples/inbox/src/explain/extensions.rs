//! The lines of the reply to EHLO.

use crate::rfc::{Rfc, rfc};

/// Explains a line: the name of the server, or an extension.
pub(super) fn explain(line: &str) -> (&'static str, Option<Rfc>) {
    let keyword = line.split([' ', '=']).next().unwrap_or_default();
    let known = EXTENSIONS.iter().find(|(known, ..)| *known == keyword);
    match known {
        Some((_, text, rfc)) => (text, Some(*rfc)),
        None => (
            "Accepted. The extensions that the server offers follow.",
            Some(rfc(5321, "4.1.1.1")),
        ),
    }
}

const EXTENSIONS: &[(&str, &str, Rfc)] = &[
    (
        "PIPELINING",
        "Commands may be sent in groups, without waiting for each reply.",
        rfc(2920, ""),
    ),
    (
        "SIZE",
        "The largest message in octets. MAIL may announce the size of one.",
        rfc(1870, ""),
    ),
    (
        "8BITMIME",
        "Octets beyond ASCII are accepted, with BODY=8BITMIME.",
        rfc(6152, ""),
    ),
    (
        "SMTPUTF8",
        "Addresses and headers may be UTF-8, with SMTPUTF8.",
        rfc(6531, ""),
    ),
    (
        "ENHANCEDSTATUSCODES",
        "Replies have codes such as 5.1.1 that name the reason.",
        rfc(2034, ""),
    ),
    (
        "DSN",
        "Notifications of delivery can be asked for.",
        rfc(3461, ""),
    ),
    ("CHUNKING", "BDAT may replace DATA.", rfc(3030, "2")),
    (
        "BINARYMIME",
        "Binary content is accepted, by BDAT with BODY=BINARYMIME.",
        rfc(3030, "3"),
    ),
    ("STARTTLS", "The session can go on under TLS.", rfc(3207, "")),
    ("AUTH", "The mechanisms for a login.", rfc(4954, "3")),
    ("HELP", "There is help for people.", rfc(5321, "4.1.1.8")),
    (
        "LIMITS",
        "The most that the server takes in one transaction or session.",
        rfc(9422, ""),
    ),
];
