//! The stories of servers in `tests/transcripts/`, played over the loopback interface.
//!
//! Stories that need virtual time, or that have the server read before it is polled for the first time, are played
//! against the machine alone; they are named as skipped.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use smtp_proto::{
    Step,
    server::{Event, Server, Shutdown},
};
use smtp_tests::{Action, Answers, Application, Chop, Role, Story, check_sights, escape};
use smtp_tokio::Connection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task, time,
};

/// A story that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
#[expect(clippy::print_stdout, reason = "says what was skipped")]
async fn stories_of_servers_are_true_over_the_loopback_interface() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let (mut played, mut faults) = (0, Vec::new());
    for path in paths {
        let name = path.strip_prefix(&root).unwrap();
        let story = Story::parse(name, &fs::read_to_string(&path).unwrap()).unwrap();
        if !story.machines.server {
            continue;
        }
        if let Some(reason) = unplayable(&story) {
            println!("skipped {}: {reason}", name.display());
            continue;
        }
        played += 1;
        let chops = [Chop::Whole, Chop::Sizes(vec![3, 1, 7])];
        let chops = if story.settings.whole { &chops[..1] } else { &chops };
        for chop in chops {
            if let Err(fault) = play(&story, chop).await {
                faults.push(format!("{}: {chop:?}\n{fault}", name.display()));
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

/// Why a story cannot be played over a real socket, if it cannot.
fn unplayable(story: &Story) -> Option<&'static str> {
    let actions = || story.actions.iter().map(|(_, action)| action);
    if actions().any(|action| matches!(action, Action::Time(_))) {
        return Some("needs virtual time");
    }
    if actions().any(|action| matches!(action, Action::Lost)) {
        return Some("breaks the stream");
    }
    if actions().any(|action| matches!(action, Action::Handshake(_))) || story.settings.security.tls_first {
        return Some("only talks of TLS");
    }
    let first = actions().find(|action| !matches!(action, Action::Client(_)));
    if !matches!(first, Some(Action::Say(Role::Server, _))) {
        return Some("the client is first");
    }
    None
}

/// Plays the client's part of a story against a server.
async fn play(story: &Story, chop: &Chop) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let (shut_down, orders) = mpsc::unbounded_channel();
    let mut settings = story.settings.clone();
    settings.server.timeouts.penalty = Duration::ZERO;
    let serving = tokio::spawn(serve(accepted, Application::new(&settings, Answers::Now), orders));

    let talking = time::timeout(PATIENCE, talk(story, chop, &mut stream, &shut_down));
    let said = talking
        .await
        .unwrap_or_else(|_| Err("the server says too little".to_owned()));
    // Whatever is said behind the end of the story is too much.
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let read = time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    drop(stream);
    let mut log = serving.await.map_err(|error| error.to_string())?;
    said?;
    if !rest.is_empty() || !matches!(read, Ok(Ok(_))) {
        return Err(format!("at the end: {read:?} {}", escape(&rest)));
    }
    // The end that this player made of it is not part of the story.
    let told = |sight: &str| {
        story
            .sights
            .iter()
            .any(|(_, role, told)| *role == Role::Server && told == sight)
    };
    for ending in ["closed Eof", "reset Closed"] {
        if !told(ending) {
            log.pop_if(|sight| sight == ending);
        }
    }
    check_sights(story, Role::Server, &log)
}

async fn talk(
    story: &Story,
    chop: &Chop,
    stream: &mut TcpStream,
    shut_down: &mpsc::UnboundedSender<Shutdown>,
) -> Result<(), String> {
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
                    // A server that has closed need not take all.
                    let _ = stream.write_all(&piece).await;
                    task::yield_now().await;
                }
                before += flight.len();
            }
            Action::Say(Role::Server, expected) => {
                let mut said = vec![0; expected.len()];
                let read = stream.read_exact(&mut said).await;
                if read.is_err() || said != *expected {
                    return Err(format!(
                        "line {line}: {read:?}\n  - {}\n  + {}",
                        escape(expected),
                        escape(&said)
                    ));
                }
            }
            Action::EndOfInput(Role::Client) => {
                let _ = stream.shutdown().await;
            }
            Action::Shutdown(how) => shut_down.send(*how).unwrap(),
            _ => {}
        }
    }
    Ok(())
}

/// The server's side: the application of the story on a connection of this crate.
async fn serve(
    stream: TcpStream,
    mut application: Application,
    mut orders: mpsc::UnboundedReceiver<Shutdown>,
) -> Vec<String> {
    // The application keeps a machine of its own; it is given the connection's while it looks at an event.
    let machine = Server::new(application.server.config().clone().into());
    let mut conn = Connection::new(stream, machine);
    loop {
        let (step, machine) = conn.poll();
        match step {
            Step::Wait(wait) => tokio::select! {
                () = conn.wait(wait) => {}
                Some(how) = orders.recv() => conn.machine_mut().shutdown(how),
            },
            Step::Event(event) => {
                let last = matches!(event, Event::Closed(_));
                std::mem::swap(machine, &mut application.server);
                application.see(event);
                std::mem::swap(machine, &mut application.server);
                if last {
                    break;
                }
            }
        }
    }
    conn.close().await;
    application.log
}
