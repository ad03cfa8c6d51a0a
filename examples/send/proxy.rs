//! The example `send` as a proxy.

use std::{io, net::SocketAddr, os::fd::AsFd};

use clap::{Args, ValueEnum};
use smtp_driver::{Client, ClientBuilder, Connect, Error, ProxyHeader, ProxyVersion};
use smtp_proto::types::{ClientAttribute, ClientInfo};
use socket2::SockRef;

/// Facts about a client, which a proxy passes on.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ProxyFlags {
    /// Send a PROXY header with the addresses of the connection
    #[arg(long, value_name = "VERSION")]
    pub(crate) proxy: Option<Version>,
    /// Name the client by XCLIENT (several attributes, then a flag or --)
    #[arg(long, value_name = "ATTR=VALUE", num_args = 1..)]
    pub(crate) xclient: Vec<String>,
}

/// A version of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Version {
    V1,
    V2,
}

/// A function that returns the local and the remote address of a connection, or `None` if it is not a TCP connection.
pub(crate) type Ends<T> = fn(&T) -> Option<(SocketAddr, SocketAddr)>;

/// Returns the local and the remote address of a TCP socket.
#[must_use]
pub(crate) fn ends(socket: &impl AsFd) -> Option<(SocketAddr, SocketAddr)> {
    let socket = SockRef::from(socket);
    let (local, remote) = (socket.local_addr().ok()?, socket.peer_addr().ok()?);
    Some((local.as_socket()?, remote.as_socket()?))
}

impl ProxyFlags {
    /// Returns the attributes of XCLIENT, if there are any.
    pub(super) fn info(&self) -> Result<Option<ClientInfo<'static>>, String> {
        let mut info = ClientInfo::default();
        for word in &self.xclient {
            let (name, value) = word
                .split_once('=')
                .ok_or_else(|| format!("--xclient {word}: write ATTR=VALUE"))?;
            let attribute = ClientAttribute::find(name.as_bytes())
                .ok_or_else(|| format!("--xclient {word}: there is no attribute {name}"))?;
            let with = info.with(attribute, value);
            info = with.map_err(|error| format!("--xclient {word}: {error}"))?;
        }
        Ok((!info.is_empty()).then_some(info))
    }
}

impl Version {
    /// Returns the header for a connection with these addresses.
    pub(super) fn header(self, ends: Option<(SocketAddr, SocketAddr)>) -> ProxyHeader {
        let version = match self {
            Self::V1 => ProxyVersion::V1,
            Self::V2 => ProxyVersion::V2,
        };
        match ends {
            Some((local, remote)) => ProxyHeader::new(version, local, remote),
            None => ProxyHeader::unknown(version),
        }
    }
}

/// Connects, and first sends the PROXY header if a flag requests it.
pub(super) async fn connect<T: Connect<Error = io::Error>>(
    builder: ClientBuilder<T>,
    server: &str,
    proxy: Option<Version>,
    ends: Ends<T>,
) -> Result<Client<T>, Error<io::Error>> {
    let Some(version) = proxy else {
        return builder.connect(server).await;
    };
    let limit = builder.config().timeouts.greeting;
    let transport = T::connect(&server.into(), limit).await.map_err(Error::Connect)?;
    let header = version.header(ends(&transport));
    builder.proxy_header(header).on(transport).await
}
