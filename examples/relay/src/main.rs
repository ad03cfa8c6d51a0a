//! A small mail relay: a server, a spool, the next hop, a client, and notifications.
//!
//! `cargo run -p relay -- --help`

mod cut_through;
mod delivery;
mod dns;
mod flags;
mod intake;
mod listeners;
mod metrics;
mod next_hop;
mod queue;
mod run;
mod spool;
mod sts;

use std::process::ExitCode;

use examples::exit;

use flags::{Action, QueueFlags};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == "queue") {
        return exit::run(
            "relay",
            |QueueFlags {
                 action: Action::Queue(command),
             }| queue::run(&command),
        );
    }
    exit::run("relay", |flags| {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(run::run(flags))
    })
}
