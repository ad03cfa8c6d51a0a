//! The program: both servers, until a signal.

use std::{net::SocketAddr, sync::Arc};

use smtp_tokio::{Listener, ServeOptions, ShutdownHandle, serve_until};
use tokio::net::TcpListener;

use crate::{
    flags::{Flags, User},
    release::Releaser,
    service::Catcher,
    store::{Limits, Store},
    web,
};

/// Both servers, bound and not yet serving.
pub(crate) struct Inbox {
    flags: Flags,
    pub(crate) store: Arc<Store>,
    smtp: Listener,
    pub(crate) smtp_address: SocketAddr,
    web: TcpListener,
    pub(crate) web_address: SocketAddr,
    users: Vec<User>,
    releaser: Option<Releaser>,
}

impl Inbox {
    /// Opens the Maildir, and binds both addresses.
    pub(crate) async fn open(flags: Flags) -> Result<Self, String> {
        let limits = Limits {
            number: flags.keep.max(1),
            octets: flags.keep_mib.saturating_mul(1 << 20),
        };
        let mut store = Store::new(limits);
        if let Some(path) = &flags.maildir {
            let opened = store.with_maildir(path.clone());
            store = opened.map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        }
        let users = flags.users()?;
        let releaser = flags.release_to.as_deref().map(Releaser::new).transpose()?;
        let cannot = |address: SocketAddr| move |error| format!("cannot listen on {address}: {error}");
        let smtp = std::net::TcpListener::bind(flags.listen).map_err(cannot(flags.listen))?;
        let smtp_address = smtp.local_addr().map_err(cannot(flags.listen))?;
        let web = TcpListener::bind(flags.web).await.map_err(cannot(flags.web))?;
        let web_address = web.local_addr().map_err(cannot(flags.web))?;
        Ok(Self {
            flags,
            store: Arc::new(store),
            smtp: smtp.into(),
            smtp_address,
            web,
            web_address,
            users,
            releaser,
        })
    }

    /// Serves until `stop` shuts down.
    pub(crate) async fn serve(self, stop: ShutdownHandle) -> Result<(), String> {
        let config = self.flags.config()?;
        let mut options = ServeOptions::default().transcript(Arc::clone(&self.store));
        if let Some(tls) = self.flags.tls()? {
            options = options.starttls(tls);
        }
        options.shutdown_grace = std::time::Duration::from_secs(1);
        let catcher = Catcher::new(Arc::clone(&self.store), &self.flags, self.users);
        let site = web::Site::new(self.store, self.releaser, &self.flags, self.smtp_address);
        let smtp = serve_until(self.smtp, config, options, stop.clone(), catcher);
        let page = axum::serve(self.web, web::router(site));
        tokio::select! {
            served = smtp => served.map_err(|error| format!("cannot serve: {error}")),
            // It ends with the other one: a page that follows events would keep it up.
            served = async { page.await } => served.map_err(|error| format!("cannot serve the page: {error}")),
        }
    }
}

/// Runs the program.
#[expect(clippy::print_stdout, reason = "a program for the terminal")]
pub(crate) async fn run(flags: Flags) -> Result<(), String> {
    let stop = ShutdownHandle::new();
    let interrupt = interrupted()?;
    let inbox = Inbox::open(flags).await?;
    println!("SMTP  {}", inbox.smtp_address);
    println!("Page  http://{}", inbox.web_address);
    if !inbox.web_address.ip().is_loopback() {
        println!("Other computers can read the mail: there is no login.");
    }
    let served = inbox.serve(stop.clone());
    tokio::pin!(served);
    tokio::select! {
        served = &mut served => return served,
        () = interrupt => stop.shut_down(),
    }
    served.await
}

/// Waits for Ctrl-C or SIGTERM. The signals are caught from this call on.
fn interrupted() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let cannot = |error: std::io::Error| format!("cannot listen for signals: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
