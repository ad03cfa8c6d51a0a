//! `relay queue`: the queue for people and programs.

use serde_json::{Value, json};

use crate::{
    flags::{Place, QueueCommand},
    spool::{
        Id, Listed,
        files::{Command, Folder, give},
        now,
    },
};
use examples::exit::Exit;

/// Runs a command about the queue.
///
/// # Errors
///
/// If the spool cannot be read or changed.
pub(crate) fn run(command: &QueueCommand) -> Result<Exit, String> {
    match command {
        QueueCommand::List { place, json } => {
            let messages = list(place)?;
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
            let messages = list(place)?;
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
            change(place, &Command::Retry(id))
        }
        QueueCommand::Delete { id, place } => {
            let id = id.parse().map_err(|error| format!("{id:?}: {error}"))?;
            change(place, &Command::Delete(id))
        }
    }
}

fn list(place: &Place) -> Result<Vec<Listed>, String> {
    let listed = match place.database() {
        Some(url) => database::list(url),
        None => Folder::existing(&place.spool).and_then(|folder| folder.list()),
    };
    listed.map_err(|error| place.cannot(&error))
}

fn change(place: &Place, command: &Command) -> Result<Exit, String> {
    let given = match place.database() {
        Some(url) => database::give(url, command),
        None => Folder::existing(&place.spool).and_then(|folder| give(&folder, command)),
    };
    let known = given.map_err(|error| place.cannot(&error))?;
    match command {
        Command::Retry(Some(id)) | Command::Delete(id) if !known => Ok(unknown(id)),
        _ => Ok(Exit::Success),
    }
}

#[cfg(feature = "postgres")]
mod database {
    use std::io;

    use tokio::runtime::Runtime;

    use crate::spool::{Listed, Spool, files::Command, postgres::Postgres};

    pub(super) fn list(url: &str) -> io::Result<Vec<Listed>> {
        Runtime::new()?.block_on(async { Postgres::open_for_commands(url).await?.list().await })
    }

    pub(super) fn give(url: &str, command: &Command) -> io::Result<bool> {
        Runtime::new()?.block_on(async {
            let spool = Postgres::open_for_commands(url).await?;
            match command {
                Command::Retry(id) => spool.retry(id.as_ref()).await,
                Command::Delete(id) => spool.delete(id).await,
            }
        })
    }
}

#[cfg(not(feature = "postgres"))]
mod database {
    use std::io;

    use crate::{
        flags::NO_DATABASE,
        spool::{Listed, files::Command},
    };

    pub(super) fn list(_: &str) -> io::Result<Vec<Listed>> {
        Err(io::Error::other(NO_DATABASE))
    }

    pub(super) fn give(_: &str, _: &Command) -> io::Result<bool> {
        Err(io::Error::other(NO_DATABASE))
    }
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
