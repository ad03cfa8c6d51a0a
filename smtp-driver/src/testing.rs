//! Test doubles: a network in memory with a clock of its own, and peers that play a script.
//!
//! Tests need no thread, no socket and no pause: timeouts of many minutes pass at once, and each run is the same.
//!
//! - [`Network`]: the clock, the executor, and the [`Runtime`](crate::Runtime) of a server in memory.
//! - [`Duplex`]: one end of a connection, a [`Transport`]. Its [`Control`] slows it down or cuts it.
//! - [`ScriptedPeer`]: plays the other side, line by line, and reports the first difference.
//! - [`session`]: a [`Session`] on a transport, without a listener.
//! - [`PretendTls`]: TLS without cryptography.
//!
//! # Testing a client
//!
//! ```
//! use smtp_driver::{Client, proto::client::Config, proto::types::{Envelope, ForwardPath, ReversePath}};
//! use smtp_driver::testing::{Network, ScriptedPeer, join};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let network = Network::new();
//! let (near, far) = network.pair();
//! let mut config = Config::new("client.example".parse()?);
//! config.tls = smtp_driver::proto::client::Tls::Disabled;
//! let sending = async {
//!     let mut client = Client::<smtp_driver::testing::Duplex>::builder(config).on(near).await?;
//!     let envelope = Envelope::new(ReversePath::parse("a@client.example")?)
//!         .recipient(ForwardPath::parse("b@mx.example")?.into_owned());
//!     let receipt = client.send(envelope, "Subject: x\r\n\r\nHello\r\n").await?;
//!     assert!(receipt.all_accepted());
//!     client.quit().await?;
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! };
//! let mut server = ScriptedPeer::server(far);
//! let playing = server.play(
//!     "S: 220 mx.example
//!      C: EHLO client.example
//!      S: 250 mx.example
//!      C: MAIL FROM:<a@client.example>
//!      -- 60s
//!      S: 250 ok
//!      C: RCPT TO:<b@mx.example>
//!      S: 250 ok
//!      C: DATA
//!      S: 354 go on
//!      C: Subject: x
//!      C:
//!      C: Hello
//!      C: .
//!      S: 250 queued
//!      C: QUIT
//!      S: 221 bye
//!      C: <close>",
//! );
//! let (sent, played) = network.block_on(join(sending, playing));
//! sent?;
//! played?;
//! assert_eq!(network.now().since_origin().as_secs(), 60);
//! # Ok(())
//! # }
//! ```
//!
//! # Your own fuzz target
//!
//! With `cargo fuzz`, `fuzz_target!(|input: &[u8]| fuzz(input));` calls this function. If the session does not end,
//! [`Network::block_on`] panics.
//!
//! ```
//! use smtp_driver::proto::{Step, server::{Config, Event}, types::Host};
//! use smtp_driver::testing::{Network, session};
//!
//! fn fuzz(input: &[u8]) {
//!     let network = Network::new();
//!     let (near, far) = network.pair();
//!     far.control().push(input);
//!     far.control().cut();
//!     let Ok(host) = Host::parse("mx.example") else { return };
//!     let mut session = session(near, Config::new(host.into_owned()));
//!     network.block_on(async {
//!         loop {
//!             match session.poll() {
//!                 (Step::Wait(wait), _) => session.wait(wait).await,
//!                 (Step::Event(Event::Closed(_)), _) => break,
//!                 // The application to test stands here.
//!                 (Step::Event(event), server) => {
//!                     if let Some(ticket) = event.into_ticket() {
//!                         let _ = server.accept(ticket);
//!                     }
//!                 }
//!             }
//!         }
//!     });
//! }
//! # fuzz(b"EHLO a.example\r\nMAIL FROM:<>\r\nQUIT\r\n");
//! # fuzz(b"\0\xff\r\n");
//! ```

mod duplex;
mod listener;
mod network;
mod pretend_tls;
mod script;

pub use duplex::{Control, Duplex};
pub use listener::Listener;
pub use network::Network;
pub use pretend_tls::PretendTls;
pub use script::{ScriptError, ScriptedPeer};

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use smtp_proto::server::{Config, Server};

use crate::{Connection, Session, Transport};

/// Begins a server's session on a transport, without a listener. The client's address is 192.0.2.1.
#[must_use]
pub fn session<T: Transport>(transport: T, config: impl Into<Arc<Config>>) -> Session<T> {
    let connection = Connection::new(transport, Server::new(config.into()));
    Session::new(connection, listener::peer(1), listener::local())
}

/// Runs two futures concurrently, and returns both outputs.
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let mut done = (None, None);
    poll_fn(|cx| {
        if done.0.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(cx)
        {
            done.0 = Some(output);
        }
        if done.1.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(cx)
        {
            done.1 = Some(output);
        }
        match (done.0.take(), done.1.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            some => {
                done = some;
                Poll::Pending
            }
        }
    })
    .await
}
