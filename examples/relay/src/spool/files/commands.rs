//! Commands of `relay queue` for the relay that runs: files in `commands/`, which the relay removes when it has obeyed.

use std::{
    fs::{self, File},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::folder::Folder;
use crate::spool::{Id, id::now};

/// The relay looks for commands this often.
pub(super) const INTERVAL: Duration = Duration::from_millis(200);

/// `relay queue` waits for the relay so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A command about one message, or about all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Make it due now.
    Retry(Option<Id>),
    /// Delete it.
    Delete(Id),
}

/// Gives a command: to the relay that runs, or obeys it if none does. Returns false if there is no such message.
///
/// # Errors
///
/// If the directory cannot be used, or the relay does not obey in time.
pub(crate) fn give(folder: &Folder, command: &Command) -> io::Result<bool> {
    if let Some(id) = command.id()
        && !folder.message(id).exists()
    {
        return Ok(false);
    }
    if let Some(_lock) = folder.lock()? {
        return obey(folder, command);
    }
    let path = folder.commands().join(command.name());
    File::create(&path)?;
    let began = Instant::now();
    while path.exists() {
        if began.elapsed() > PATIENCE {
            let _ = fs::remove_file(&path);
            return Err(io::Error::other("the relay does not answer"));
        }
        thread::sleep(INTERVAL / 10);
    }
    Ok(true)
}

/// Obeys a command while no relay runs.
fn obey(folder: &Folder, command: &Command) -> io::Result<bool> {
    match command {
        Command::Retry(Some(id)) => folder.make_due(id, now()),
        Command::Retry(None) => {
            for id in folder.ids()? {
                folder.make_due(&id, now())?;
            }
            Ok(true)
        }
        Command::Delete(id) => {
            let removed = folder.remove(id)?;
            folder.remove_log(id);
            Ok(removed)
        }
    }
}

/// The commands that wait.
pub(super) fn waiting(folder: &Folder) -> io::Result<Vec<Command>> {
    let mut commands = Vec::new();
    for entry in fs::read_dir(folder.commands())? {
        let path = entry?.path();
        match Command::parse(&path) {
            Some(command) => commands.push(command),
            None => fs::remove_file(path)?,
        }
    }
    Ok(commands)
}

/// Tells `relay queue` that a command was obeyed.
pub(super) fn done(folder: &Folder, command: &Command) -> io::Result<()> {
    fs::remove_file(folder.commands().join(command.name()))
}

impl Command {
    fn id(&self) -> Option<&Id> {
        match self {
            Self::Retry(id) => id.as_ref(),
            Self::Delete(id) => Some(id),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Retry(Some(id)) => format!("{id}.retry"),
            Self::Retry(None) => "all.retry".into(),
            Self::Delete(id) => format!("{id}.delete"),
        }
    }

    fn parse(path: &Path) -> Option<Self> {
        match path.file_name()?.to_str()?.split_once('.')? {
            ("all", "retry") => Some(Self::Retry(None)),
            (id, "retry") => Some(Self::Retry(Some(id.parse().ok()?))),
            (id, "delete") => Some(Self::Delete(id.parse().ok()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_name_of_a_file() {
        for command in [
            Command::Retry(None),
            Command::Retry(Some(Id::new())),
            Command::Delete(Id::new()),
        ] {
            assert_eq!(Command::parse(Path::new(&command.name())), Some(command));
        }
        for name in ["all.delete", "x.retry", "readme", "../lock.delete"] {
            assert_eq!(Command::parse(Path::new(name)), None, "{name}");
        }
    }
}
