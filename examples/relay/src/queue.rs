//! `relay queue`: the queue for people and programs.

mod progress;

use serde_json::{Value, json};

use self::progress::Progress;
use crate::{
    flags::{Place, QueueCommand},
    spool::{
        Id, Listed, State,
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
            let id = parse(id)?;
            let messages = list(place)?;
            let Some(message) = messages.iter().find(|message| message.head.id == id) else {
                unknown(&id);
                return Ok(Exit::Refused);
            };
            print(&if *json {
                lines_of_json(message)
            } else {
                describe(message)
            });
            Ok(Exit::Success)
        }
        QueueCommand::Retry { id, place } if id == "all" => {
            change(place, &[Command::Retry(None)], "retrying")
        }
        QueueCommand::Retry { id, place } => change(place, &[Command::Retry(Some(parse(id)?))], "retrying"),
        QueueCommand::Delete { ids, place } => {
            let commands = ids.iter().map(|id| parse(id).map(Command::Delete));
            change(place, &commands.collect::<Result<Vec<_>, _>>()?, "deleting")
        }
    }
}

fn parse(id: &str) -> Result<Id, String> {
    id.parse().map_err(|error| format!("{id:?}: {error}"))
}

fn list(place: &Place) -> Result<Vec<Listed>, String> {
    let mut progress = Progress::new("reading");
    let listed = match place.database() {
        Some(url) => database::list(url),
        None => Folder::existing(&place.spool)
            .and_then(|folder| folder.list(&mut |done, all| progress.show(done, all))),
    };
    listed.map_err(|error| place.cannot(&error))
}

/// Gives commands. Refuses those about messages that are not there.
fn change(place: &Place, commands: &[Command], verb: &'static str) -> Result<Exit, String> {
    let mut progress = Progress::new(verb);
    let mut show = |done, all| progress.show(done, all);
    let given = match place.database() {
        Some(url) => database::give(url, commands, &mut show),
        None => Folder::existing(&place.spool).and_then(|folder| give(&folder, commands, &mut show)),
    };
    let unknown_ids = given.map_err(|error| place.cannot(&error))?;
    drop(progress);
    unknown_ids.iter().for_each(unknown);
    Ok(if unknown_ids.is_empty() {
        Exit::Success
    } else {
        Exit::Refused
    })
}

#[cfg(feature = "postgres")]
mod database {
    use std::io;

    use tokio::runtime::Runtime;

    use crate::spool::{Id, Listed, Spool, files::Command, now, postgres::Postgres};

    pub(super) fn list(url: &str) -> io::Result<Vec<Listed>> {
        Runtime::new()?.block_on(async { Postgres::open_for_commands(url).await?.list().await })
    }

    /// Returns the ids of which there is no message.
    pub(super) fn give(
        url: &str,
        commands: &[Command],
        show: &mut dyn FnMut(usize, usize),
    ) -> io::Result<Vec<Id>> {
        Runtime::new()?.block_on(async {
            let spool = Postgres::open_for_commands(url).await?;
            let mut unknown = Vec::new();
            for (done, command) in commands.iter().enumerate() {
                let known = match command {
                    Command::Retry(Some(id)) => spool.retry(Some(id)).await?,
                    Command::Retry(None) => retry_all(&spool, show).await?,
                    Command::Delete(id) => spool.delete(id).await?,
                };
                unknown.extend(command.id().filter(|_| !known).cloned());
                show(done + 1, commands.len());
            }
            Ok(unknown)
        })
    }

    async fn retry_all(spool: &Postgres, show: &mut dyn FnMut(usize, usize)) -> io::Result<bool> {
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let since = now();
        let (mut done, all) = (0, number(spool.waiting().await?));
        loop {
            let batch = number(spool.retry_some(since).await?);
            if batch == 0 {
                return Ok(true);
            }
            done += batch;
            show(done, all.max(done));
        }
    }
}

#[cfg(not(feature = "postgres"))]
mod database {
    use std::io;

    use crate::{
        flags::NO_DATABASE,
        spool::{Id, Listed, files::Command},
    };

    pub(super) fn list(_: &str) -> io::Result<Vec<Listed>> {
        Err(io::Error::other(NO_DATABASE))
    }

    pub(super) fn give(_: &str, _: &[Command], _: &mut dyn FnMut(usize, usize)) -> io::Result<Vec<Id>> {
        Err(io::Error::other(NO_DATABASE))
    }
}

#[expect(clippy::print_stderr, reason = "a program for the terminal")]
fn unknown(id: &Id) {
    eprintln!("relay: no message {id}");
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
        let last = last(state);
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

/// The last result, for people.
fn last(state: &State) -> String {
    let text = state.last.as_ref().map_or("", |last| &last.text);
    match state.owed {
        Some(_) => format!("delivered, the report is not stored yet: {text}"),
        None => text.to_owned(),
    }
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
        let last = last(state);
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
