//! `relay queue`: the queue for people and programs.

use std::{io, path::Path};

use serde_json::{Value, json};

use crate::{
    flags::QueueCommand,
    spool::{
        Id, Listed,
        files::{Command, Folder, give},
        now,
    },
};
use smtp_examples::exit::Exit;

/// Runs a command about the queue.
///
/// # Errors
///
/// If the spool cannot be read or changed.
pub(crate) fn run(command: &QueueCommand) -> Result<Exit, String> {
    match command {
        QueueCommand::List { place, json } => {
            let messages = list(&place.spool)?;
            for message in &messages {
                print(&if *json {
                    lines_of_json(message)
                } else {
                    lines(message)
                });
            }
            Ok(Exit::Success)
        }
        QueueCommand::Show { id, place, json } => {
            let id: Id = id.parse().map_err(|error| format!("{id:?}: {error}"))?;
            let messages = list(&place.spool)?;
            let Some(message) = messages.iter().find(|message| message.head.id == id) else {
                return Ok(unknown(&id));
            };
            print(&if *json {
                lines_of_json(message)
            } else {
                describe(message)
            });
            Ok(Exit::Success)
        }
        QueueCommand::Retry { id, place } => {
            let id = match id.as_str() {
                "all" => None,
                id => Some(id.parse().map_err(|error| format!("{id:?}: {error}"))?),
            };
            change(&place.spool, &Command::Retry(id))
        }
        QueueCommand::Delete { id, place } => {
            let id = id.parse().map_err(|error| format!("{id:?}: {error}"))?;
            change(&place.spool, &Command::Delete(id))
        }
    }
}

fn list(spool: &Path) -> Result<Vec<Listed>, String> {
    let listed = Folder::existing(spool).and_then(|folder| folder.list());
    listed.map_err(|error| cannot(spool, &error))
}

fn change(spool: &Path, command: &Command) -> Result<Exit, String> {
    let given = Folder::existing(spool).and_then(|folder| give(&folder, command));
    let known = given.map_err(|error| cannot(spool, &error))?;
    match command {
        Command::Retry(Some(id)) | Command::Delete(id) if !known => Ok(unknown(id)),
        _ => Ok(Exit::Success),
    }
}

fn cannot(spool: &Path, error: &io::Error) -> String {
    format!("--spool {}: {error}", spool.display())
}

#[expect(clippy::print_stderr, reason = "a program for the terminal")]
fn unknown(id: &Id) -> Exit {
    eprintln!("relay: no message {id}");
    Exit::Refused
}

/// The recipients that are left, one JSON object in a line each.
fn lines_of_json(message: &Listed) -> String {
    let mut text = String::new();
    for (recipient, state) in message.left() {
        let last = state.last.as_ref();
        let object = json!({
            "id": message.head.id,
            "sender": message.sender(),
            "recipient": recipient,
            "attempts": state.attempts,
            "due": state.due / 1000,
            "accepted": message.head.accepted / 1000,
            "octets": message.octets,
            "last_status": last.map_or(Value::Null, |last| last.status.clone().into()),
            "last_reply": last.map_or(Value::Null, |last| last.text.clone().into()),
        });
        text += &object.to_string();
        text.push('\n');
    }
    text
}

/// The recipients that are left, for people.
fn lines(message: &Listed) -> String {
    let mut text = String::new();
    for (recipient, state) in message.left() {
        let wait = state.due.saturating_sub(now()) / 1000;
        let last = state.last.as_ref().map_or("", |last| &last.text);
        text += &format!(
            "{}  {:>8}  <{}> -> <{recipient}>  attempts {}, next in {wait} s  {last}\n",
            message.head.id,
            message.octets,
            message.sender(),
            state.attempts,
        );
    }
    text
}

/// A message with all its recipients.
fn describe(message: &Listed) -> String {
    let age = now().saturating_sub(message.head.accepted) / 1000;
    let mut text = format!(
        "id: {}\nsender: <{}>\nparameters: {}\noctets: {}\nage: {age} s\n",
        message.head.id,
        message.sender(),
        message.head.envelope.parameters(),
        message.octets,
    );
    let recipients = message.head.envelope.recipients().iter().zip(&message.states);
    for (recipient, state) in recipients {
        let fate = match state.ending {
            Some(ending) => format!("{ending:?}").to_lowercase(),
            None => format!("next in {} s", state.due.saturating_sub(now()) / 1000),
        };
        let last = state.last.as_ref().map_or("", |last| &last.text);
        let path = recipient.forward_path().as_str();
        text += &format!(
            "recipient: <{path}>, attempts {}, {fate}  {last}\n",
            state.attempts
        );
    }
    text
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn print(text: &str) {
    print!("{text}");
}
