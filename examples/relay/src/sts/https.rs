//! Policies by HTTPS (RFC 8461 section 3.3): a certificate for `mta-sts.DOMAIN`, no redirects, `text/plain`, bounded.

use std::{net::IpAddr, sync::Arc};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use smtp_relay::{
    Name,
    route::{Answer, Family, PolicyFault, Question},
    sts::MAX_POLICY,
};
use smtp_rustls::{CertificateFault, ClientSettings, ClientTls, Roots};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tracing::debug;

use super::Fetch;
use crate::dns::{Boxed, Dns};

/// The port of HTTPS.
const PORT: u16 = 443;

/// A small HTTPS client.
pub(super) struct Https {
    dns: Arc<dyn Dns>,
    port: u16,
    /// The settings for any name.
    tls: ClientTls,
}

impl Https {
    pub(super) fn new(dns: Arc<dyn Dns>, roots: Option<&Roots>) -> Result<Self, String> {
        let settings = match roots {
            Some(roots) => ClientSettings::trusting(roots.clone()),
            None => ClientSettings::platform(),
        };
        let tls = settings
            .for_server("localhost")
            .map_err(|error| error.to_string())?;
        Ok(Self { dns, port: PORT, tls })
    }

    async fn get(&self, domain: &Name) -> Result<Vec<u8>, PolicyFault> {
        let host = Name::parse(&format!("mta-sts.{domain}")).map_err(|_| PolicyFault::Fetch)?;
        let stream = self.connect(&host).await?;
        let failed = |error| {
            debug!(%host, %error, "cannot fetch a policy");
            PolicyFault::Fetch
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let request = Request::get("/.well-known/mta-sts.txt")
            .header(header::HOST, host.as_str())
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|_| PolicyFault::Fetch)?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(failed)?;
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        // Redirects are not followed.
        if response.status() != StatusCode::OK || !essence.eq_ignore_ascii_case("text/plain") {
            debug!(%host, status = %response.status(), kind, "no policy");
            return Err(PolicyFault::Fetch);
        }
        let body = Limited::new(response.into_body(), MAX_POLICY).collect().await;
        connection.abort();
        body.map(|body| body.to_bytes().into())
            .map_err(|_| PolicyFault::Fetch)
    }

    async fn connect(&self, host: &Name) -> Result<TlsStream<TcpStream>, PolicyFault> {
        let tls = self.tls.to(host.as_str()).map_err(|_| PolicyFault::Fetch)?;
        let mut fault = PolicyFault::Fetch;
        for address in self.addresses(host).await {
            let Ok(stream) = TcpStream::connect((address, self.port)).await else {
                continue;
            };
            let connector = TlsConnector::from(Arc::clone(tls.config()));
            match connector.connect(tls.name().clone(), stream).await {
                Ok(stream) => return Ok(stream),
                Err(error) if CertificateFault::find(&error).is_some() => fault = PolicyFault::WebPki,
                Err(error) => debug!(%host, %error, "cannot connect"),
            }
        }
        Err(fault)
    }

    async fn addresses(&self, host: &Name) -> Vec<IpAddr> {
        let mut found = Vec::new();
        for family in [Family::V4, Family::V6] {
            let answer = self.dns.answer(Question::Addresses(host.clone(), family)).await;
            if let Answer::Addresses { addresses, .. } = answer {
                found.extend(addresses);
            }
        }
        found
    }
}

impl Fetch for Https {
    fn fetch(&self, domain: Name) -> Boxed<'_, Result<Vec<u8>, PolicyFault>> {
        Box::pin(async move { self.get(&domain).await })
    }
}

#[cfg(test)]
mod tests;
