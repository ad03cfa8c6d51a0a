//! A server that stores all mail, with a policy: blocked senders, greylisting, a content check, queue ids.
//!
//! ```sh
//! cargo run -p examples --example catcher_threads -- 127.0.0.1:2525 mail
//! ```
//!
//! `mail` is a Maildir. The file `blocked` in it has a blocked sender on each line. Each session has its own thread, so the
//! functions of the service read and write files without `.await`.

use std::{collections::HashSet, error::Error, fs, path::PathBuf, sync::Mutex};

use examples::exit::Failure;
use maildir::Maildir;
use smtp_blocking::proto::{
    server::Config,
    types::{Host, Mail, Rcpt, Rejection},
};
use smtp_blocking::{About, Accept, Bytes, Listener, Service, serve};

/// The standard test pattern for spam filters.
pub(crate) const GTUBE: &[u8] = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
const GREYLISTED: Rejection = Rejection::from_static(450, (4, 7, 1), "greylisted, try again");

struct Catcher {
    directory: PathBuf,
    tried: Mutex<HashSet<(String, String)>>, // sender and recipient
}

impl Service for Catcher {
    type Mail = (String, Vec<u8>); // sender and content

    async fn mail(&self, _: &About, mail: Mail<'static>) -> Result<Self::Mail, Rejection> {
        let sender = mail.reverse_path().to_string();
        let blocked = fs::read_to_string(self.directory.join("blocked"));
        if blocked.unwrap_or_default().lines().any(|line| line == sender) {
            return Err(Rejection::POLICY);
        }
        Ok((sender, Vec::new()))
    }

    async fn recipient(&self, mail: &Self::Mail, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        let pair = (mail.0.clone(), rcpt.forward_path().to_string());
        let mut tried = self.tried.lock().map_err(|_| Rejection::LOCAL_ERROR)?;
        let is_known = !tried.insert(pair);
        is_known.then_some(Accept::Yes).ok_or(GREYLISTED)
    }

    async fn body(&self, mail: &mut Self::Mail, octets: Bytes) -> Result<(), Rejection> {
        mail.1.extend_from_slice(&octets);
        Ok(())
    }

    async fn message(&self, mail: &mut Self::Mail, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        if mail.1.windows(GTUBE.len()).any(|octets| octets == GTUBE) {
            return Err(Rejection::POLICY);
        }
        let to: Vec<_> = to.iter().map(|rcpt| rcpt.forward_path().as_str()).collect();
        let (sender, to) = (&mail.0, to.join("\r\nDelivered-To: "));
        let envelope = format!("Return-Path: {sender}\r\nDelivered-To: {to}\r\n");
        let message = [envelope.as_bytes(), &mail.1].concat();
        let maildir = Maildir::from(self.directory.clone());
        // `store_new` syncs the file but not its directory. On Unix, a mail server must sync the directory, too: a power
        // failure can undo the name.
        let id = maildir.store_new(&message).map_err(|_| Rejection::NO_STORAGE)?;
        Ok(Accept::text(format!("queued as {id}")))
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, directory] = &arguments[..] else {
        return Err("usage: catcher_threads ADDRESS DIRECTORY".into());
    };
    Ok(catch(Listener::bind(address)?, directory.into())?)
}

pub(crate) fn catch(listener: Listener, directory: PathBuf) -> Result<(), Box<dyn Error>> {
    Maildir::from(directory.clone()).create_dirs()?;
    let config = Config::new(Host::parse("mx.example.org")?);
    let tried = Mutex::default();
    Ok(serve(listener, config, Catcher { directory, tried })?)
}
