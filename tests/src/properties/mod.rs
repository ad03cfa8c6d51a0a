//! Properties of the machines and parsers, which hold for all octets.
//!
//! Each property is a function that panics if the property fails. Fuzzing searches for such inputs (`fuzz/`), and
//! `tests/corpora.rs` runs all collected inputs.

mod address;
mod bdat;
mod choices;
mod client_session;
mod command;
mod ehlo;
mod encodings;
mod pair;
mod parameters;
mod proxy_header;
mod reference;
mod reply;
mod report;
mod route;
mod sasl;
mod server_session;
mod stuff;
mod unstuff;

pub use address::address;
pub use bdat::bdat;
pub use client_session::client_session;
pub use command::command;
pub use ehlo::ehlo;
pub use encodings::encodings;
pub use pair::pair;
pub use parameters::parameters;
pub use proxy_header::proxy_header;
pub use reply::reply;
pub use report::report;
pub use route::route;
pub use sasl::sasl;
pub use server_session::server_session;
pub use stuff::stuff;
pub use unstuff::unstuff;

use choices::Choices;

/// All properties, each with the name of its fuzz target.
#[expect(clippy::type_complexity, reason = "a name and a function")]
pub const ALL: [(&str, fn(&[u8])); 16] = [
    ("address", address),
    ("bdat", bdat),
    ("client_session", client_session),
    ("command", command),
    ("ehlo", ehlo),
    ("encodings", encodings),
    ("pair", pair),
    ("parameters", parameters),
    ("proxy_header", proxy_header),
    ("reply", reply),
    ("report", report),
    ("route", route),
    ("sasl", sasl),
    ("server_session", server_session),
    ("stuff", stuff),
    ("unstuff", unstuff),
];

/// Splits flights after the lines that contain this text, in any case of letters, because the peer waits there.
fn cut_behind(flights: &[&[u8]], what: &[u8]) -> Vec<Vec<u8>> {
    let mut cut = Vec::new();
    // A line may be spread over several flights.
    let mut line = Vec::new();
    for flight in flights {
        let mut current = Vec::new();
        for octet in *flight {
            current.push(*octet);
            line.push(octet.to_ascii_uppercase());
            if line.ends_with(b"\r\n") {
                if line.windows(what.len()).any(|octets| octets == what) {
                    cut.push(std::mem::take(&mut current));
                }
                line.clear();
            }
        }
        cut.push(current);
    }
    cut
}
