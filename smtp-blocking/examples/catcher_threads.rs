//! A server that keeps all mail, with a policy: blocked senders, greylisting, a content check, queue ids.
//!
//! ```sh
//! cargo run -p smtp-blocking --example catcher_threads -- 127.0.0.1:2525 mail
//! ```
//!
//! `mail` is a directory for the messages. The file `blocked` in it has a blocked sender on each line. Each session has a
//! thread for itself, so the functions of the service read and write files without awaiting.

use std::{
    collections::HashSet,
    error::Error,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use smtp_blocking::proto::{
    server::Config,
    types::{Host, Mail, Rcpt, Rejection},
};
use smtp_blocking::{About, Accept, Bytes, Listener, Service, serve};

/// The test pattern that every spam filter knows.
pub(crate) const GTUBE: &[u8] = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
const GREYLISTED: Rejection = Rejection::from_static(450, (4, 7, 1), "greylisted, try again");
const SPAM: Rejection = Rejection::from_static(554, (5, 7, 1), "message looks like spam");

struct Catcher {
    directory: PathBuf,
    tried: Mutex<HashSet<(String, String)>>, // sender and recipient
    count: AtomicUsize,
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
        if tried.insert(pair) {
            Err(GREYLISTED)
        } else {
            Ok(Accept::Yes)
        }
    }

    async fn body(&self, mail: &mut Self::Mail, octets: Bytes) -> Result<(), Rejection> {
        mail.1.extend_from_slice(&octets);
        Ok(())
    }

    async fn message(&self, mail: &mut Self::Mail, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        if mail.1.windows(GTUBE.len()).any(|octets| octets == GTUBE) {
            return Err(SPAM);
        }
        let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let id = format!("{time}-{}", self.count.fetch_add(1, Ordering::Relaxed));
        let stored = store(&self.directory.join(&id), mail, to);
        stored.map_err(|_| Rejection::NO_STORAGE)?;
        Ok(Accept::text(format!("queued as {id}")))
    }
}

/// Stores a message with its envelope. A file with the extension `eml` is complete.
fn store(path: &Path, (sender, content): &(String, Vec<u8>), to: &[Rcpt<'static>]) -> io::Result<()> {
    let mut envelope = format!("Return-Path: {sender}\r\n");
    for rcpt in to {
        envelope += &format!("Delivered-To: {}\r\n", rcpt.forward_path().as_str());
    }
    let mut file = File::create_new(path)?;
    file.write_all(envelope.as_bytes())?;
    file.write_all(content)?;
    file.sync_all()?;
    // On Unix a loss of power can undo this: a mail server would sync the directory, too.
    fs::rename(path, path.with_extension("eml"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, directory] = &arguments[..] else {
        return Err("usage: catcher_threads ADDRESS DIRECTORY".into());
    };
    let listener = Listener::bind(address)?;
    catch(listener, directory.into())
}

pub(crate) fn catch(listener: Listener, directory: PathBuf) -> Result<(), Box<dyn Error>> {
    let config = Config::new(Host::parse("mx.example.org")?);
    let (tried, count) = Default::default();
    Ok(serve(
        listener,
        config,
        Catcher {
            directory,
            tried,
            count,
        },
    )?)
}
