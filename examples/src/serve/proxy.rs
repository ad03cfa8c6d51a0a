//! Proxies in front of the example `server`.

use clap::Args;
use smtp_driver::{About, ExpectProxy, IpNetwork};
use smtp_proto::types::{ClientAttributes, Extension};

use crate::site::log;

/// The proxies that are trusted.
#[derive(Clone, Debug, Default, Args)]
#[non_exhaustive]
pub struct ProxyFlags {
    /// Network of the proxies on --listen-proxy (repeatable) [default: 127.0.0.0/8 and ::1]
    #[arg(long, value_name = "NET")]
    pub proxy_from: Vec<IpNetwork>,
    /// Offer XCLIENT and XFORWARD to clients from this network (repeatable)
    #[arg(long, value_name = "NET")]
    pub xclient: Vec<IpNetwork>,
}

impl ProxyFlags {
    /// The proxies of `--listen-proxy`.
    pub(super) fn expected(&self) -> ExpectProxy {
        let loopback = ["127.0.0.0/8", "::1"];
        let loopback = loopback.iter().filter_map(|network| network.parse().ok());
        let expected = if self.proxy_from.is_empty() {
            ExpectProxy::new(loopback)
        } else {
            ExpectProxy::new(self.proxy_from.iter().copied())
        };
        expected.on_refused(|peer, error| log(format!("closed {peer}: {error}")))
    }

    /// Offers XCLIENT and XFORWARD to a client that is a trusted proxy, by the address of the connection and not by an
    /// earlier XCLIENT. These proxies must not forward an XCLIENT of their own clients.
    pub fn offer(&self, about: &About) {
        let peer = about.connected_peer().ip();
        if peer.is_some_and(|peer| self.xclient.iter().any(|network| network.contains(peer))) {
            let handle = about.handle();
            handle.offer(Extension::Xclient(ClientAttributes::XCLIENT));
            handle.offer(Extension::Xforward(ClientAttributes::XFORWARD));
        }
    }
}
