//! Loads servers over the loopback interface, and sends messages with the client. `load.sh` builds the servers and runs
//! this; everything that is printed is explained in the README.

mod burst;
mod client;
mod idle;
mod process;
mod traffic;

use std::{
    env,
    fs::File,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use client::Threads;
use process::{Server, own_cpu};
use traffic::{CASES, Case, Traffic};

/// How many connections carry messages at the same time.
const CONNECTIONS: usize = 8;

const USAGE: &str = "usage: load [--seconds S] [--rounds N] [--idle N] [--burst N] [--only messages|burst|idle|client] [--case PATTERN] \
                     [--csv FILE] NAME=COMMAND...";

/// What was asked for.
struct Flags {
    /// How long one run takes.
    run: Duration,
    /// How many runs of each kind there are.
    rounds: usize,
    /// How many connections are idle at a time.
    idle: usize,
    /// Number of connections made at once.
    burst: usize,
    /// The one part that is run.
    only: Option<String>,
    /// Part of the names of the cases that are run.
    case: String,
    /// The file that the rows of the messages are appended to, too.
    csv: Option<String>,
    /// Names and commands; in a command `{}` stands for where to listen.
    servers: Vec<(String, String)>,
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
        only: None,
        case: String::new(),
        csv: None,
        servers: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => flags.run = Duration::try_from_secs_f64(arguments.next()?.parse().ok()?).ok()?,
            "--rounds" => flags.rounds = arguments.next()?.parse().ok()?,
            "--idle" => flags.idle = arguments.next()?.parse().ok()?,
            "--burst" => flags.burst = arguments.next()?.parse().ok()?,
            "--only" => flags.only = Some(arguments.next()?),
            "--case" => flags.case = arguments.next()?,
            "--csv" => flags.csv = Some(arguments.next()?),
            _ => {
                let (name, command) = argument.split_once('=')?;
                flags.servers.push((name.to_owned(), command.to_owned()));
            }
        }
    }
    (flags.rounds > 0 && !flags.servers.is_empty()).then_some(flags)
}

fn run(flags: &Flags) -> io::Result<()> {
    let start = |(name, command): &(String, String)| Server::start(name, command);
    let wanted = |part: &str| flags.only.as_ref().is_none_or(|only| only == part);
    if wanted("messages") {
        let servers: Vec<_> = flags.servers.iter().map(start).collect::<io::Result<_>>()?;
        for case in CASES.iter().filter(|case| case.name().contains(&flags.case)) {
            compare(case, &servers, flags)?;
        }
    }
    if wanted("burst") {
        println!("\n{} connections at once", flags.burst);
        println!(
            "{:<24} {:>8} {:>16} {:>8}",
            "server", "greeted", "ms to the last", "ms CPU"
        );
        for server in &flags.servers {
            let burst = |_| {
                let server = start(server)?;
                let burst = burst::measure(&server, flags.burst)?;
                Ok((burst, server.cpu()?.total()))
            };
            let runs = (0..flags.rounds).map(burst);
            let runs: Vec<_> = runs.collect::<io::Result<_>>()?;
            println!(
                "{:<24} {:>8} {:>16.0} {:>8.0}",
                server.0,
                runs.iter()
                    .map(|(burst, _)| burst.greeted)
                    .min()
                    .unwrap_or_default(),
                median(runs.iter().map(|(burst, _)| burst.time.as_secs_f64() * 1e3)),
                median(runs.iter().map(|(_, cpu)| cpu.as_secs_f64() * 1e3))
            );
        }
    }
    if wanted("idle") {
        println!(
            "\n{} idle connections, KB of resident memory for each",
            flags.idle
        );
        println!("{:<12} {:>12} {:>16}", "server", "after EHLO", "after a message");
        for server in &flags.servers {
            // A new process each, that no load has made bigger.
            let cost = idle::measure(&start(server)?, flags.idle)?;
            println!("{:<12} {:>12.2} {:>16.2}", server.0, cost.greeted, cost.used);
        }
    }
    if wanted("client") {
        println!("\nclient: messages of 1 KB one after the other over one connection");
        println!(
            "{:<12} {:<8} {:>12} {:>16}",
            "to", "threads", "messages/s", "its us/message"
        );
        let servers: Vec<_> = flags.servers.iter().map(start).collect::<io::Result<_>>()?;
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
            }
        }
    }
    Ok(())
}

/// Runs one case on each server in turns, and prints the medians.
fn compare(case: &Case, servers: &[Server], flags: &Flags) -> io::Result<()> {
    let mut runs: Vec<Vec<[f64; 4]>> = servers.iter().map(|_| Vec::new()).collect();
    for _ in 0..flags.rounds {
        for (server, runs) in servers.iter().zip(&mut runs) {
            let mut traffic = Traffic::begin(case, server.address, CONNECTIONS)?;
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
        case.name(),
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
    match &flags.csv {
        Some(path) => write_csv(path, case, servers, &medians),
        None => Ok(()),
    }
}

/// Appends the medians of a case to a file of comma-separated values.
fn write_csv(path: &str, case: &Case, servers: &[Server], medians: &[[f64; 4]]) -> io::Result<()> {
    let mut file = File::options().create(true).append(true).open(path)?;
    if file.metadata()?.len() == 0 {
        writeln!(file, "case,server,messages_per_s,cpu_us,user_us,load_us")?;
    }
    for (server, [rate, cpu, user, load]) in servers.iter().zip(medians) {
        let name = &server.name;
        writeln!(
            file,
            "{},{name},{rate:.0},{cpu:.2},{user:.2},{load:.2}",
            case.name()
        )?;
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
