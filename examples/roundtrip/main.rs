//! A whole session in one program: a server on a free port, and a client that starts TLS, authenticates and sends a MIME
//! message. Prints the session, the facts on both sides, and the stored message.
//!
//! `cargo run -p examples --example roundtrip`, or `... -- --runtime smol`

mod mime;

use std::{
    error::Error,
    fmt::Write,
    fs, io,
    net::Ipv4Addr,
    path::Path,
    pin::Pin,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use clap::Parser;
use examples::{
    exit::{self, Exit, chain},
    runtime::{Runtime, Start},
    serve::Bound,
    site::Site,
    start_on,
    store::Store,
    users::{self, Users},
};
use smtp_driver::{ClientBuilder, Connect, Listener, Peer, ServeOptions, ShutdownHandle, TranscriptLine};
use smtp_proto::{
    TlsInfo, client,
    sasl::{Credentials, Secret},
    server,
    types::{Envelope, Host},
};
use smtp_rustls::{ClientTls, Identity, ServerSettings};

/// Sends a message to a server in the same process, and shows the session.
#[derive(Clone, Debug, Parser)]
#[command(name = "roundtrip")]
struct Flags {
    /// Runtime
    #[arg(long, value_name = "RUNTIME", default_value = "tokio")]
    runtime: Runtime,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]
fn main() -> ExitCode {
    exit::run("roundtrip", |Flags { runtime }| {
        let report = Report::default();
        let done = run_on(runtime, &report);
        print!("{}", report.text());
        Ok(match done {
            Ok(()) => Exit::Success,
            Err(error) => {
                eprintln!("roundtrip: {}", chain(error.as_ref()));
                Exit::Refused
            }
        })
    })
}

/// Sends the message on this runtime.
fn run_on(runtime: Runtime, report: &Report) -> Result<(), Box<dyn Error>> {
    use smtp_async_std::{Io, Stream}; // the same for smol and async-std
    match runtime {
        Runtime::Tokio => {
            let runtime = tokio::runtime::Runtime::new()?;
            let _entered = runtime.enter();
            run::<smtp_tokio::Io<_>>(start_on!(smtp_tokio::Runtime), report, |sending| {
                runtime.block_on(sending)
            })
        }
        Runtime::Smol => {
            let start = start_on!(smtp_async_std::smol::Runtime);
            run::<Io<Stream>>(start, report, smol::block_on)
        }
        Runtime::AsyncStd => {
            let start = start_on!(smtp_async_std::async_std::Runtime);
            run::<Io<Stream>>(start, report, async_std::task::block_on)
        }
        Runtime::Blocking => {
            let start = start_on!(smtp_blocking::Runtime);
            run::<smtp_blocking::Io<smtp_blocking::Stream>>(start, report, smtp_blocking::block_on)
        }
    }
}

/// The future of a client that sends the message, and returns the facts about its TLS session.
type Sending = Pin<Box<dyn Future<Output = Result<String, Box<dyn Error>>>>>;

/// Starts a server, sends a message to it, and writes the report. `T` is the transport of the client.
fn run<T: Connect<Error = io::Error> + 'static>(
    start: Start,
    report: &Report,
    block_on: impl FnOnce(Sending) -> Result<String, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    // The server has a self-signed certificate, one user with a random password, and a Maildir.
    let hostname = Host::parse("mx.example")?;
    let identity = Identity::self_signed(["mx.example"])?;
    let trust = identity.to_roots()?;
    let password = Secret::from(users::random_text()?);
    let users = Users::new([("alice".to_owned(), password.clone())], [])?;
    let config = server::Config::submission(hostname.clone(), users.mechanisms());
    let options = ServeOptions::default().starttls(ServerSettings::new(identity).build()?);
    let folder = tempfile::tempdir()?;
    let (knows, known) = mpsc::channel();
    let site = Site::new(hostname, Store::maildir(folder.path())?, users).on_stored(move |about| {
        let user = about.identity().unwrap_or("nobody");
        let mechanism = about.mechanism().map(|mechanism| format!(" by {mechanism}"));
        let mechanism = mechanism.unwrap_or_default();
        let _ = knows.send(format!("{}, {user}{mechanism}", summary(about.tls())));
    });
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let Peer::Ip(address) = listener.local()? else {
        return Err("the listener has no address".into());
    };
    let bound = Bound {
        listener,
        config: Arc::new(config),
        options,
    };
    let (stop, (done, served)) = (ShutdownHandle::new(), mpsc::channel());
    start(bound, Arc::new(site), stop.clone(), done);

    // The client trusts only that certificate.
    let credentials = Credentials::password("alice", password);
    let config = client::Config::submission("client.example".parse()?, credentials);
    let lines = report.clone();
    let client = ClientBuilder::<T>::new(config)
        .starttls(ClientTls::trusting(&trust, "mx.example")?)
        .transcript(move |line: &TranscriptLine<'_>| lines.add(line));
    let envelope = Envelope::parse("alice@client.example", ["bob@mx.example"])?;
    let message = mime::message()?;
    let content = message.clone();
    let sent = block_on(Box::pin(async move {
        let mut client = client.connect(address).await?;
        let knows = summary(client.tls());
        let receipt = client.send(envelope, &content).await?;
        client.quit().await?;
        match receipt.all_accepted() {
            true => Ok(knows),
            false => Err("the message was not accepted".into()),
        }
    }));
    stop.shut_down();
    let client_knows = sent?;
    served.recv()??;

    let stored = only_file(&folder.path().join("new"))?;
    report.add(&format_args!("\nclient knows: {client_knows}"));
    report.add(&format_args!("server knows: {}\n", known.recv()?));
    report.add(&mime::describe(&stored)?);
    if stored.ends_with(&message) {
        report.add(&"After its trace fields, the stored message equals the sent one, octet by octet.");
        Ok(())
    } else {
        Err("the stored message is not the one that was sent".into())
    }
}

/// The text for the terminal. Clones share the text.
#[derive(Clone, Default)]
struct Report(Arc<Mutex<String>>);

impl Report {
    fn add(&self, line: &dyn std::fmt::Display) {
        let _ = writeln!(self.0.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the TLS version and the cipher suite.
fn summary(tls: Option<&TlsInfo>) -> String {
    let Some(info) = tls else {
        return "no TLS".to_owned();
    };
    let [protocol, cipher] = [&info.protocol, &info.cipher].map(|fact| fact.as_deref().unwrap_or("unknown"));
    format!("{protocol}, {cipher}")
}

/// Returns the content of the only file in a directory.
fn only_file(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut files = fs::read_dir(folder)?;
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(fs::read(file?.path())?),
        _ => Err("not exactly one message was stored".into()),
    }
}

#[cfg(test)]
mod tests;
