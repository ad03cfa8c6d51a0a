//! Connections through a proxy.

#[cfg(feature = "std")]
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::{
    fmt,
    future::poll_fn,
    task::{Context, Poll, ready},
    time::Duration,
};

#[cfg(feature = "std")]
use {
    std::panic::{AssertUnwindSafe, catch_unwind},
    tracing::{debug, warn},
};

use crate::{InvalidProxyHeader, IpNetwork, Peer, ProxyHeader, Transport, wire::Wire};

/// A listener behind a proxy: each connection begins with a [`ProxyHeader`].
///
/// The header comes before the greeting and before implicit TLS. The server closes a connection without a reply if its peer
/// is no expected proxy, or if its header is missing, malformed, or not whole after 5 seconds, because the peer could claim any address. The log
/// has the reason.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExpectProxy {
    /// The networks of the proxies; other peers may not connect. On a Unix socket every peer may connect: the permissions of
    /// the socket decide.
    pub from: Vec<IpNetwork>,
    #[cfg(feature = "std")]
    on_refused: Option<OnRefused>,
}

#[cfg(feature = "std")]
#[derive(Clone)]
struct OnRefused(Arc<Report>);

#[cfg(feature = "std")]
type Report = dyn Fn(Peer, &ProxyHeaderError<std::io::Error>) + Send + Sync;

#[cfg(feature = "std")]
impl fmt::Debug for OnRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnRefused")
    }
}

impl ExpectProxy {
    /// Creates a setting that expects proxies from these networks.
    #[must_use]
    pub fn new(from: impl IntoIterator<Item = IpNetwork>) -> Self {
        Self {
            from: from.into_iter().collect(),
            #[cfg(feature = "std")]
            on_refused: None,
        }
    }

    /// Calls a function for each connection that is closed because of its peer or header. It gets the peer of the socket:
    /// write your own log, or block the peer. The server logs a panic in the function. There is no session yet, so
    /// [`Service::closed`](crate::Service::closed) is not called.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn on_refused(
        mut self,
        call: impl Fn(Peer, &ProxyHeaderError<std::io::Error>) + Send + Sync + 'static,
    ) -> Self {
        self.on_refused = Some(OnRefused(Arc::new(call)));
        self
    }

    /// Logs a connection that is closed, and calls the function of the application.
    #[cfg(feature = "std")]
    pub(crate) fn refused(&self, peer: Peer, error: &ProxyHeaderError<std::io::Error>) {
        match error {
            // Load balancers check the port in this way all the time.
            ProxyHeaderError::NothingSent => debug!(%peer, %error, "closed: no PROXY header"),
            _ => warn!(%peer, %error, "closed: no valid PROXY header"),
        }
        if let Some(OnRefused(call)) = &self.on_refused {
            // The server must survive a panic.
            if catch_unwind(AssertUnwindSafe(|| call(peer, error))).is_err() {
                warn!(%peer, "the function for refused connections panicked");
            }
        }
    }

    /// Returns true if this peer may be a proxy.
    #[must_use]
    pub fn allows(&self, peer: Peer) -> bool {
        match peer.ip() {
            Some(address) => self.from.iter().any(|network| network.contains(address)),
            None => true,
        }
    }
}

/// The proxy of a session: its address and its PROXY header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proxied {
    address: Peer,
    header: ProxyHeader,
}

impl Proxied {
    #[cfg(feature = "std")]
    pub(crate) const fn new(address: Peer, header: ProxyHeader) -> Self {
        Self { address, header }
    }

    /// The address of the proxy: the peer of the socket.
    #[must_use]
    pub const fn address(&self) -> Peer {
        self.address
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &ProxyHeader {
        &self.header
    }

    /// The addresses of the client and of the local end: from the header if it has them, or else those of the socket.
    #[cfg(feature = "std")]
    pub(crate) fn ends(&self, local: Peer) -> (Peer, Peer) {
        let source = self.header.source().map(Peer::Ip);
        let destination = self.header.destination().map(Peer::Ip);
        (source.unwrap_or(self.address), destination.unwrap_or(local))
    }
}

/// The reason why no PROXY header could be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyHeaderError<E> {
    /// The peer is not an expected proxy.
    UnexpectedPeer,
    /// The octets are not a valid header.
    Invalid(InvalidProxyHeader),
    /// The header was not complete in time.
    TimedOut,
    /// The peer closed the connection before the header was complete.
    Closed,
    /// The peer closed the connection without sending anything, for example after checking the port.
    NothingSent,
    /// The transport failed.
    Read(E),
}

impl<E: fmt::Display> fmt::Display for ProxyHeaderError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedPeer => f.write_str("peer is not an expected proxy"),
            Self::Invalid(error) => error.fmt(f),
            Self::TimedOut => f.write_str("PROXY header is incomplete after its time"),
            Self::Closed => f.write_str("peer closed the connection before the end of its PROXY header"),
            Self::NothingSent => f.write_str("peer closed the connection without a PROXY header"),
            Self::Read(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for ProxyHeaderError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read(error) => error.source(),
            _ => None,
        }
    }
}

/// Reads the header at the beginning of a connection. The octets after the header stay on the wire.
pub(crate) async fn read_header<T: Transport>(
    wire: &mut Wire<T>,
    limit: Duration,
) -> Result<ProxyHeader, ProxyHeaderError<T::Error>> {
    let (end, mut input) = (wire.transport.now() + limit, Vec::new());
    poll_fn(|cx| match poll_header(cx, wire, &mut input) {
        Poll::Pending => wire
            .transport
            .poll_deadline(cx, end)
            .map(|()| Err(ProxyHeaderError::TimedOut)),
        done => done,
    })
    .await
}

fn poll_header<T: Transport>(
    cx: &mut Context<'_>,
    wire: &mut Wire<T>,
    input: &mut Vec<u8>,
) -> Poll<Result<ProxyHeader, ProxyHeaderError<T::Error>>> {
    loop {
        match ProxyHeader::parse(input) {
            Ok(Some((header, octets))) => {
                wire.unread(input.split_off(octets));
                return Poll::Ready(Ok(header));
            }
            Ok(None) => {}
            Err(why) => return Poll::Ready(Err(ProxyHeaderError::Invalid(why))),
        }
        let mut end = false;
        ready!(wire.poll_read(cx, &mut |octets| {
            end |= octets.is_empty();
            input.extend_from_slice(octets);
        }))
        .map_err(ProxyHeaderError::Read)?;
        if end {
            return Poll::Ready(Err(match input.is_empty() {
                true => ProxyHeaderError::NothingSent,
                false => ProxyHeaderError::Closed,
            }));
        }
    }
}
