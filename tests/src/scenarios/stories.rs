//! The stories of servers in `transcripts/`, played over the loopback interface.
//!
//! Only the machine plays stories that need virtual time, or input before the first poll.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use smtp_driver::ServeOptions;
use smtp_proto::server::{Event, Server, Shutdown};

use super::{Adapter, PATIENCE, Site, Todo, peer::Peer, stage::listen};
use crate::{Action, Answers, Application, Chop, Role, Story, check_sights, escape};

/// Each flight arrives in one piece.
pub fn whole<A: Adapter>() {
    play_all::<A>(&Chop::Whole);
}

/// Each flight arrives in small pieces.
pub fn in_pieces<A: Adapter>() {
    play_all::<A>(&Chop::Sizes(vec![3, 1, 7]));
}

fn play_all<A: Adapter>(chop: &Chop) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let (mut played, mut faults) = (0, Vec::new());
    for path in paths {
        let name = path.strip_prefix(&root).unwrap();
        let story = Story::parse(name, &fs::read_to_string(&path).unwrap()).unwrap();
        let cut = !matches!(chop, Chop::Whole);
        if story.machines.server && is_playable(&story) && !(cut && story.settings.whole) {
            played += 1;
            if let Err(fault) = play::<A>(&story, chop) {
                faults.push(format!("{}\n{fault}", name.display()));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n\n{}",
        faults.len(),
        faults.join("\n\n")
    );
    assert!(played > 50, "only {played} stories were played");
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "smtp") {
            paths.push(path);
        }
    }
}

/// Excludes stories that need virtual time, break the stream, only simulate TLS, or let the client send first.
fn is_playable(story: &Story) -> bool {
    let actions = || story.actions.iter().map(|(_, action)| action);
    let first = actions().find(|action| !matches!(action, Action::Client(_)));
    matches!(first, Some(Action::Say(Role::Server, _)))
        && !story.settings.security.tls_first
        && !actions().any(|action| matches!(action, Action::Time(_) | Action::Lost(_) | Action::Handshake(_)))
}

/// Plays the client's part of a story against a server.
fn play<A: Adapter>(story: &Story, chop: &Chop) -> Result<(), String> {
    let mut settings = story.settings.clone();
    settings.server.timeouts.penalty = Duration::ZERO;
    let mut options = ServeOptions::default();
    let at_once = |(_, action): &(_, _)| matches!(action, Action::Shutdown(Shutdown::Now));
    if story.actions.iter().any(at_once) {
        options.shutdown_grace = Duration::ZERO;
    }
    let (tell, told) = mpsc::channel();
    // The adapter requests one application per connection, and this test has one connection.
    let tell = Arc::new(Mutex::new(Some(tell)));
    let listener = listen();
    let address = listener.local_addr().unwrap();
    let site = Site {
        config: Arc::new(settings.server.clone()),
        options,
        tls: None,
        applications: Box::new(move || {
            Box::new(Teller {
                application: Application::new(&settings, Answers::Now),
                tell: tell.lock().unwrap().take(),
            })
        }),
    };
    let mut running = A::serve(listener, site);
    let mut peer = Peer::connect(address);

    let said = talk(story, chop, &mut peer, || {
        running.stop();
        until_refused(address);
    });
    // Output after the end of the story is a fault.
    peer.finish();
    let rest = peer.rest();
    drop(peer);
    let log = told.recv_timeout(PATIENCE).map_err(|error| error.to_string());
    running.join();
    said?;
    if !rest.is_empty() {
        return Err(format!("at the end: {}", escape(rest.as_bytes())));
    }
    let mut log: Vec<String> = log?;
    // The end that this player made of it is not part of the story.
    let is_told = |sight: &str| {
        let mut sights = story.sights.iter();
        sights.any(|(_, role, told)| *role == Role::Server && told == sight)
    };
    for ending in ["closed ConnectionClosed", "reset Closed"] {
        if !is_told(ending) {
            log.pop_if(|sight| sight == ending);
        }
    }
    check_sights(story, Role::Server, &log)
}

/// Waits until the server refuses connections: then all its sessions know of the shutdown.
fn until_refused(address: SocketAddr) {
    let begin = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "it does not stop");
        thread::yield_now();
    }
}

fn talk(story: &Story, chop: &Chop, peer: &mut Peer, mut stop: impl FnMut()) -> Result<(), String> {
    let mut before = 0;
    let mut actions = story.actions.iter().peekable();
    while let Some((line, action)) = actions.next() {
        match action {
            Action::Say(Role::Client, octets) => {
                let mut flight = octets.clone();
                while let Some((_, Action::Say(_, more))) =
                    actions.next_if(|(_, action)| matches!(action, Action::Say(Role::Client, _)))
                {
                    flight.extend_from_slice(more);
                }
                for piece in chop.cut(before, &flight) {
                    // A server that has closed need not read the rest.
                    let _ = peer.try_say(piece);
                    thread::yield_now();
                }
                before += flight.len();
            }
            Action::Say(Role::Server, expected) => {
                let said = peer.octets_or_less(expected.len());
                if said != *expected {
                    return Err(format!(
                        "line {line}\n  - {}\n  + {}",
                        escape(expected),
                        escape(&said)
                    ));
                }
            }
            Action::EndOfInput(Role::Client) => peer.finish(),
            Action::Shutdown(_) => stop(),
            _ => {}
        }
    }
    Ok(())
}

/// The application of a story, which sends its log at the end.
struct Teller {
    application: Application,
    tell: Option<mpsc::Sender<Vec<String>>>,
}

impl super::Application for Teller {
    fn see(&mut self, event: Event<'_>, server: &mut Server) -> Todo {
        let last = matches!(event, Event::Closed(_));
        // The application owns a machine. Swap in the machine of the session while it handles an event.
        std::mem::swap(server, &mut self.application.server);
        self.application.see(event);
        std::mem::swap(server, &mut self.application.server);
        if !last {
            return Todo::Nothing;
        }
        if let Some(tell) = &self.tell {
            let _ = tell.send(std::mem::take(&mut self.application.log));
        }
        Todo::Close
    }
}
