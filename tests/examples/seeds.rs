//! Writes the inputs with which fuzzing begins: the output in the transcripts, and inputs that other programs handled
//! wrongly.
//!
//! `cargo run -p smtp-tests --example seeds -- fuzz/corpus`, or `just fuzz-seeds`, which keeps only inputs that increase the
//! coverage.

#[path = "seeds/known.rs"]
mod known;

use std::{
    collections::hash_map::DefaultHasher,
    error::Error,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
};

use smtp_proto::{client, data::BareLineEndings, types::Keyword, types::Protocol};
use smtp_tests::{Action, Role, Story};

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = PathBuf::from(std::env::args().nth(1).ok_or("name the folder of the corpora")?);
    for (target, inputs) in known::INPUTS {
        for input in *inputs {
            seed(&corpus, target, input.as_bytes())?;
        }
    }
    for content in known::CONTENTS {
        for (target, head) in [
            ("unstuff", "5"),
            ("stuff", "05"),
            ("bdat", "004"),
            ("bdat", "114"),
        ] {
            seed(&corpus, target, format!("{head}\n{content}").as_bytes())?;
        }
        for head in ["0000000000", "0150000000G", "1100100000", "00013001005"] {
            seed(&corpus, "pair", format!("{head}\n{content}|{content}").as_bytes())?;
        }
    }
    stories(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts"),
        &corpus,
    )
}

fn stories(folder: &Path, corpus: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            stories(&path, corpus)?;
            continue;
        }
        let story = Story::parse(&path, &fs::read_to_string(&path)?)?;
        let [client, server] = [Role::Client, Role::Server].map(|role| flights(&story, role));
        if client.len() < LONG {
            let head = server_choices(&story);
            seed(corpus, "server_session", &[head.as_bytes(), &client].concat())?;
            seed_lines(corpus, &client)?;
        }
        if server.len() < LONG && (story.machines.client || story.machines.pair) {
            let head = client_choices(&story);
            seed(corpus, "client_session", &[head.as_bytes(), &server].concat())?;
            for reply in server.split(|octet| *octet == b'|') {
                seed(corpus, "reply", reply)?;
                if reply.starts_with(b"250-") {
                    let text = String::from_utf8_lossy(reply)
                        .replace("250-", "")
                        .replace("250 ", "");
                    seed(corpus, "ehlo", text.replace("\r\n", "\n").trim_end().as_bytes())?;
                }
            }
        }
    }
    Ok(())
}

/// Returns the output of one side, with `|` where the other side sends.
fn flights(story: &Story, role: Role) -> Vec<u8> {
    let mut said = Vec::new();
    let mut other = false;
    for (_, action) in &story.actions {
        match action {
            Action::Say(by, octets) if *by == role => {
                if other && !said.is_empty() {
                    said.push(b'|');
                }
                other = false;
                said.extend_from_slice(octets);
            }
            _ => other = true,
        }
    }
    said
}

/// Writes command lines, and their parts.
fn seed_lines(corpus: &Path, said: &[u8]) -> Result<(), Box<dyn Error>> {
    for line in said.split(|octet| matches!(octet, b'\r' | b'\n' | b'|')) {
        if line
            .get(..4)
            .is_none_or(|verb| !verb.iter().all(u8::is_ascii_alphabetic))
        {
            continue;
        }
        seed(corpus, "command", line)?;
        let Some(path) = line.iter().position(|octet| *octet == b'<') else {
            continue;
        };
        let Some(end) = line.iter().rposition(|octet| *octet == b'>') else {
            continue;
        };
        if let (Some(path), Some(parameters)) = (line.get(path + 1..end), line.get(end + 1..)) {
            seed(corpus, "address", path)?;
            seed(corpus, "parameters", parameters.trim_ascii())?;
        }
    }
    Ok(())
}

fn server_choices(story: &Story) -> String {
    let config = &story.settings.server;
    let flag = |yes| if yes { '1' } else { '0' };
    let endings = match config.line_endings {
        BareLineEndings::Normalize => '1',
        BareLineEndings::Keep => '2',
        _ => '0',
    };
    let head = [
        flag(config.protocol == Protocol::Lmtp),
        flag(config.limits.max_line_octets < 4096),
        flag(config.extensions.has(Keyword::StartTls)),
        flag(config.extensions.has(Keyword::Auth)),
        endings,
        flag(config.leniency.missing_brackets),
        '0',
    ];
    head.iter().collect::<String>() + "72:\n"
}

fn client_choices(story: &Story) -> String {
    let config = &story.settings.client;
    let flag = |yes| if yes { '1' } else { '0' };
    let tls = match config.tls {
        client::Tls::Required => '2',
        client::Tls::Opportunistic => '1',
        client::Tls::Disabled => '0',
    };
    let head = [
        flag(config.protocol == Protocol::Lmtp),
        tls,
        flag(config.login.is_some()),
        flag(config.chunking == client::ExtensionUse::IfOffered),
        flag(config.pipelining == client::ExtensionUse::Never),
    ];
    head.iter().collect::<String>() + "72:\n"
}

fn seed(corpus: &Path, target: &str, input: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    fs::write(folder.join(format!("{:016x}", hasher.finish())), input)?;
    Ok(())
}

/// Longer sessions make fuzzing slow and add no coverage.
const LONG: usize = 2000;
