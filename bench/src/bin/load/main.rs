//! Loads servers over the loopback interface, and sends messages with the client. `load.sh` builds the servers and runs
//! this; everything that is printed is explained in the README.

mod burst;
mod client;
mod idle;
mod process;
mod traffic;

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use client::Threads;
use process::{Server, own_cpu};
use traffic::{CASES, Case, Socket, Stream, TLS_CASES, Tls, Traffic, Wait};

const USAGE: &str = "usage: load [--seconds S] [--rounds N] [--idle N] [--burst N] [--connections N] [--spin] [--only messages|tls|burst|idle|client] [--case PATTERN] \
                     [--results FOLDER] NAME=COMMAND...";

/// The flags.
struct Flags {
    /// The time of one run.
    run: Duration,
    /// The number of runs of each kind.
    rounds: usize,
    /// The number of idle connections at a time.
    idle: usize,
    /// Number of connections made at once.
    burst: usize,
    /// The number of connections that carry messages at the same time.
    connections: usize,
    /// The way to wait for the server.
    wait: Wait,
    /// The one part that is run.
    only: Option<String>,
    /// Part of the names of the cases that are run.
    case: String,
    /// The folder for files of comma-separated values, one for each part.
    results: Option<PathBuf>,
    /// Names and commands; in a command `{}` stands for where to listen.
    servers: Vec<(String, String)>,
    /// The same for servers under TLS, with `{tls}` for where to listen.
    tls_servers: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let Some(flags) = flags(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn flags(mut arguments: impl Iterator<Item = String>) -> Option<Flags> {
    let mut flags = Flags {
        run: Duration::from_secs(1),
        rounds: 5,
        idle: 5000,
        burst: 3000,
        connections: 8,
        wait: Wait::Sleep,
        only: None,
        case: String::new(),
        results: None,
        servers: Vec::new(),
        tls_servers: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => flags.run = Duration::try_from_secs_f64(arguments.next()?.parse().ok()?).ok()?,
            "--rounds" => flags.rounds = arguments.next()?.parse().ok()?,
            "--idle" => flags.idle = arguments.next()?.parse().ok()?,
            "--burst" => flags.burst = arguments.next()?.parse().ok()?,
            "--connections" => flags.connections = arguments.next()?.parse().ok()?,
            "--spin" => flags.wait = Wait::Spin,
            "--only" => flags.only = Some(arguments.next()?),
            "--case" => flags.case = arguments.next()?,
            "--results" => flags.results = Some(arguments.next()?.into()),
            _ => {
                let (name, command) = argument.split_once('=')?;
                let (tls, server) = (command.contains("{tls}"), (name.to_owned(), command.to_owned()));
                let servers = if tls {
                    &mut flags.tls_servers
                } else {
                    &mut flags.servers
                };
                servers.push(server);
            }
        }
    }
    let servers = flags.servers.len() + flags.tls_servers.len();
    (flags.rounds > 0 && servers > 0).then_some(flags)
}

fn run(flags: &Flags) -> io::Result<()> {
    let wanted = |part: &str| flags.only.as_ref().is_none_or(|only| only == part);
    if wanted("messages") {
        measure_messages::<Socket>("messages", CASES, &flags.servers, flags)?;
    }
    if wanted("tls") {
        measure_messages::<Tls>("tls", TLS_CASES, &flags.tls_servers, flags)?;
    }
    if wanted("burst") {
        println!("\n{} connections at once", flags.burst);
        println!(
            "{:<24} {:>8} {:>16} {:>8}",
            "server", "greeted", "ms to the last", "ms CPU"
        );
        let mut results = Results::new("server,connections,greeted,last_ms,cpu_ms");
        for server in &flags.servers {
            let burst = |_| {
                let server = start(server)?;
                let burst = burst::measure(&server, flags.burst)?;
                Ok((burst, server.cpu()?.total()))
            };
            let runs = (0..flags.rounds).map(burst);
            let runs: Vec<_> = runs.collect::<io::Result<_>>()?;
            let greeted = runs.iter().map(|(burst, _)| burst.greeted).min();
            let greeted = greeted.unwrap_or_default();
            let last = median(runs.iter().map(|(burst, _)| burst.time.as_secs_f64() * 1e3));
            let cpu = median(runs.iter().map(|(_, cpu)| cpu.as_secs_f64() * 1e3));
            println!("{:<24} {greeted:>8} {last:>16.0} {cpu:>8.0}", server.0);
            results.add(format_args!(
                "{},{},{greeted},{last:.0},{cpu:.0}",
                server.0, flags.burst
            ));
        }
        results.write(flags, "burst")?;
    }
    if wanted("idle") {
        println!(
            "\n{} idle connections, KB of resident memory for each",
            flags.idle
        );
        println!("{:<12} {:>12} {:>16}", "server", "after EHLO", "after a message");
        let mut results = Results::new("server,connections,after_ehlo_kb,after_message_kb");
        for server in &flags.servers {
            // A new process each, that no load has made bigger.
            let cost = idle::measure(&start(server)?, flags.idle)?;
            println!("{:<12} {:>12.2} {:>16.2}", server.0, cost.greeted, cost.used);
            let (name, connections) = (&server.0, flags.idle);
            results.add(format_args!(
                "{name},{connections},{:.2},{:.2}",
                cost.greeted, cost.used
            ));
        }
        results.write(flags, "idle")?;
    }
    if wanted("client") {
        println!("\nclient: messages of 1 KB one after the other over one connection");
        println!(
            "{:<12} {:<8} {:>12} {:>16}",
            "to", "threads", "messages/s", "its us/message"
        );
        let servers: Vec<_> = flags.servers.iter().map(start).collect::<io::Result<_>>()?;
        let mut results = Results::new("to,threads,messages_per_s,cpu_us");
        for server in &servers {
            for threads in [Threads::One, Threads::Many] {
                let runs = (0..flags.rounds).map(|_| client::run(threads, server.address, flags.run));
                let runs: Vec<_> = runs.collect::<io::Result<_>>()?;
                let rate = median(runs.iter().map(client::Run::rate));
                let cpu = median(runs.iter().map(client::Run::cpu_each));
                println!(
                    "{:<12} {:<8} {:>12.0} {:>16.1}",
                    server.name,
                    threads.name(),
                    rate,
                    cpu
                );
                let (name, threads) = (&server.name, threads.name());
                results.add(format_args!("{name},{threads},{rate:.0},{cpu:.2}"));
            }
        }
        results.write(flags, "client")?;
    }
    Ok(())
}

fn start((name, command): &(String, String)) -> io::Result<Server> {
    Server::start(name, command)
}

/// Starts the servers, runs the cases, and writes the results.
fn measure_messages<S: Stream>(
    part: &str,
    cases: &[Case],
    servers: &[(String, String)],
    flags: &Flags,
) -> io::Result<()> {
    let servers: Vec<_> = servers.iter().map(start).collect::<io::Result<_>>()?;
    let mut results = Results::new("case,server,messages_per_s,cpu_us,user_us,load_us");
    for case in cases.iter().filter(|case| case.name::<S>().contains(&flags.case)) {
        compare::<S>(case, &servers, flags, &mut results)?;
    }
    results.write(flags, part)
}

/// Runs one case on each server in turns, and prints the medians.
fn compare<S: Stream>(
    case: &Case,
    servers: &[Server],
    flags: &Flags,
    results: &mut Results,
) -> io::Result<()> {
    let mut runs: Vec<Vec<[f64; 4]>> = servers.iter().map(|_| Vec::new()).collect();
    for _ in 0..flags.rounds {
        for (server, runs) in servers.iter().zip(&mut runs) {
            let mut traffic = Traffic::<S>::begin(case, server.address, flags.connections, flags.wait)?;
            traffic.run(flags.run / 10)?;
            let (served, own) = (server.cpu()?, own_cpu()?);
            let (messages, time) = traffic.run(flags.run)?;
            let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / messages as f64;
            let (served, own) = (server.cpu()?.since(served), own_cpu()?.since(own));
            runs.push([
                messages as f64 / time.as_secs_f64(),
                each(served.total()),
                each(served.user),
                each(own.total()),
            ]);
        }
    }
    println!(
        "\n{:<24} {:>11} {:>7} {:>14} {:>7} {:>11} {:>15}",
        case.name::<S>(),
        "messages/s",
        "ratio",
        "us CPU/message",
        "ratio",
        "of it, user",
        "load us/message"
    );
    let medians: Vec<[f64; 4]> = runs
        .iter()
        .map(|runs| [0, 1, 2, 3].map(|column| median(runs.iter().map(|run| run[column]))))
        .collect();
    // The last server is what the others are compared with.
    let [base_rate, base_cpu, ..] = medians.last().copied().unwrap_or([1.0; 4]);
    for (server, [rate, cpu, user, own]) in servers.iter().zip(&medians) {
        println!(
            "{:<24} {rate:>11.0} {:>7.2} {cpu:>14.1} {:>7.2} {user:>11.1} {own:>15.1}",
            server.name,
            rate / base_rate,
            cpu / base_cpu
        );
    }
    for (server, [rate, cpu, user, load]) in servers.iter().zip(&medians) {
        let (case, name) = (case.name::<S>(), &server.name);
        results.add(format_args!(
            "{case},{name},{rate:.0},{cpu:.2},{user:.2},{load:.2}"
        ));
    }
    Ok(())
}

/// The rows of a file of results. The variable `LOAD_NOTE` says when and where they were measured.
struct Results(String);

impl Results {
    fn new(columns: &str) -> Self {
        Self(format!("{columns}\n"))
    }

    fn add(&mut self, row: fmt::Arguments<'_>) {
        self.0 += &format!("{row}\n");
    }

    /// Replaces the file with this name in the folder for results, if there is one.
    fn write(&self, flags: &Flags, name: &str) -> io::Result<()> {
        let Some(folder) = &flags.results else {
            return Ok(());
        };
        let note = env::var("LOAD_NOTE").unwrap_or_default();
        let (rounds, seconds) = (flags.rounds, flags.run.as_secs_f64());
        let file = Path::new(folder).join(format!("{name}.csv"));
        fs::write(
            file,
            format!("# {note}, medians of {rounds} runs of {seconds} s\n{}", self.0),
        )
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
