//! Commands of `relay queue` for the relay that runs: files in `commands/`, which the relay removes when it has obeyed.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::folder::Folder;
use crate::spool::{Id, id::now};

/// The relay looks for commands this often.
pub(super) const INTERVAL: Duration = Duration::from_millis(200);

/// `relay queue` waits for the relay so long, from one command to the next.
const PATIENCE: Duration = Duration::from_secs(5);

/// A command about one message, or about all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Make it due now.
    Retry(Option<Id>),
    /// Delete it.
    Delete(Id),
}

/// Gives commands: to the relay that runs, or obeys them if none does. Returns the ids of which there is no message. `show` gets
/// the number of commands, or of messages, that are done, and the number of all.
///
/// # Errors
///
/// If the directory cannot be used, or the relay does not obey in time.
pub(crate) fn give(
    folder: &Folder,
    commands: &[Command],
    show: &mut dyn FnMut(usize, usize),
) -> io::Result<Vec<Id>> {
    let mut unknown = Vec::new();
    if let Some(_lock) = folder.lock()? {
        for (done, command) in commands.iter().enumerate() {
            let known = obey(folder, command, show)?;
            unknown.extend(command.id().filter(|_| !known).cloned());
            show(done + 1, commands.len());
        }
        return Ok(unknown);
    }
    let mut left = Vec::new();
    for command in commands {
        match command.id() {
            Some(id) if !folder.message(id).exists() => unknown.push(id.clone()),
            _ => {
                let path = folder.commands().join(command.name());
                File::create(&path)?;
                left.push(path);
            }
        }
    }
    wait(&mut left, commands.len(), show).inspect_err(|_| {
        for path in &left {
            let _ = fs::remove_file(path);
        }
    })?;
    Ok(unknown)
}

/// Waits until the relay has obeyed the commands in these files.
fn wait(left: &mut Vec<PathBuf>, all: usize, show: &mut dyn FnMut(usize, usize)) -> io::Result<()> {
    let mut last = Instant::now();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|path| path.exists());
        if left.len() < before {
            last = Instant::now();
            show(all.saturating_sub(left.len()), all);
        } else if last.elapsed() > PATIENCE {
            return Err(io::Error::other("the relay does not answer"));
        } else {
            thread::sleep(INTERVAL / 10);
        }
    }
    Ok(())
}

/// Obeys a command while no relay runs.
fn obey(folder: &Folder, command: &Command, show: &mut dyn FnMut(usize, usize)) -> io::Result<bool> {
    match command {
        Command::Retry(Some(id)) => folder.make_due(id, now()),
        Command::Retry(None) => {
            let ids = folder.ids()?;
            for (done, id) in ids.iter().enumerate() {
                folder.make_due(id, now())?;
                show(done + 1, ids.len());
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
    /// The message that the command is about; `None` for all.
    pub(crate) const fn id(&self) -> Option<&Id> {
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
