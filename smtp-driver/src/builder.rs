//! Connecting to a server, and beginning a session.

use alloc::{boxed::Box, sync::Arc};
use core::{
    fmt,
    future::{Future, poll_fn},
    marker::PhantomData,
    task::Poll,
    time::Duration,
};

use smtp_proto::{
    TlsInfo,
    client::{self, Config, Event, Tls},
};

use crate::{
    Address, Client, Connection, Error, ProxyHeader, StreamError, TlsMode, TlsSettings, Transcript,
    Transport, Url, error::LastRefusal, wire::Wire,
};

/// A transport that can be connected to an address.
pub trait Connect: Transport + Sized {
    /// Connects within `limit`. If a host name has several addresses, tries each.
    fn connect(address: &Address, limit: Duration) -> impl Future<Output = Result<Self, Self::Error>>;

    /// Returns TLS settings for the server with this name, which trust the roots of the platform. For
    /// [`TlsMode::Opportunistic`] they accept every certificate: a session that would continue in plaintext gains nothing by
    /// ending for a certificate (RFC 7435).
    ///
    /// Default: an error, because TLS needs another crate.
    ///
    /// # Errors
    ///
    /// If the name is not a host name, or the trusted certificates cannot be read.
    fn default_tls(host: &str, mode: TlsMode) -> Result<Arc<dyn TlsSettings>, StreamError> {
        let _ = mode;
        Err(StreamError::Tls(
            alloc::format!("no TLS settings for {host}: give them, or enable the feature ring").into(),
        ))
    }
}

/// The settings of a session with a server: plaintext, STARTTLS or implicit TLS.
///
/// Without TLS settings, [`Config::tls`] must be [`Tls::Disabled`]; otherwise connecting fails with [`Error::NoTls`].
///
/// `T` is the transport that [`connect`](Self::connect) creates; each adapter has a type alias with its own.
#[must_use = "it does nothing until it connects"]
pub struct ClientBuilder<T> {
    config: Arc<Config>,
    tls: Encryption,
    proxy_header: Option<Arc<ProxyHeader>>,
    transcript: Option<Arc<dyn Transcript>>,
    transport: PhantomData<fn() -> T>,
}

/// The beginning of TLS.
#[derive(Clone, Debug)]
enum Encryption {
    Plaintext,
    Upgrade(Arc<dyn TlsSettings>),
    Implicit(Arc<dyn TlsSettings>),
    Ready(TlsInfo),
}

impl<T: Transport> ClientBuilder<T> {
    /// Creates settings for a session in plaintext.
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        Self {
            config: config.into(),
            tls: Encryption::Plaintext,
            proxy_header: None,
            transcript: None,
            transport: PhantomData,
        }
    }

    /// Creates settings for the server of a URL. The configuration gets the URL's protocol, TLS policy, login and client name
    /// ([`Url::apply`]). `tls` returns the TLS settings for the host, such as `ClientTls::platform` of `smtp-rustls`. It is
    /// called only if the URL uses TLS.
    ///
    /// ```
    /// use std::{convert::Infallible, sync::Arc};
    ///
    /// # use smtp_driver::{ClientBuilder, TlsSettings, Transport, Url, proto::{client::Config, types::ClientName}};
    /// # fn example<T: Transport>(settings: Arc<dyn TlsSettings>) -> Result<(), Box<dyn std::error::Error>> {
    /// let url = Url::parse("smtps://ann:secret@mail.example.org")?;
    /// let config = Config::new(ClientName::parse("client.example.org")?);
    /// let builder = ClientBuilder::<T>::from_url(&url, config, |host| {
    ///     assert_eq!(host, "mail.example.org");
    ///     Ok::<_, Infallible>(settings)
    /// })?;
    /// // let client = builder.connect(&url).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `tls`.
    pub fn from_url<S: TlsSettings + 'static, E>(
        url: &Url,
        config: Config,
        tls: impl FnOnce(&str) -> Result<S, E>,
    ) -> Result<Self, E> {
        let builder = Self::new(url.apply(config));
        Ok(match (url.tls(), url.host()) {
            (TlsMode::Disabled, _) | (_, None) => builder,
            (TlsMode::Implicit, Some(host)) => builder.implicit_tls(tls(host)?),
            (TlsMode::Required | TlsMode::Opportunistic, Some(host)) => builder.starttls(tls(host)?),
        })
    }

    /// Uses STARTTLS with the policy of [`Config::tls`] (RFC 3207): for submission on port 587, and for relaying on port 25.
    /// Changes [`Tls::Disabled`], the default of a configuration, to [`Tls::Required`].
    pub fn starttls(mut self, settings: impl TlsSettings + 'static) -> Self {
        if self.config.tls == Tls::Disabled {
            Arc::make_mut(&mut self.config).tls = Tls::Required;
        }
        let tls = Encryption::Upgrade(Arc::new(settings));
        Self { tls, ..self }
    }

    /// Does the TLS handshake before the greeting (implicit TLS, RFC 8314 section 3.3): for submission on port 465.
    /// [`Config::tls`] then has no effect, because it is the policy for STARTTLS.
    pub fn implicit_tls(self, settings: impl TlsSettings + 'static) -> Self {
        let tls = Encryption::Implicit(Arc::new(settings));
        Self { tls, ..self }
    }

    /// Declares that the stream is already encrypted, with these parameters. [`Config::tls`] then has no effect. Set
    /// [`TlsInfo::peer_verified`] if the server's certificate was verified.
    pub fn encrypted(self, info: TlsInfo) -> Self {
        let tls = Encryption::Ready(info);
        Self { tls, ..self }
    }

    /// Sends this PROXY header first, before TLS: it contains the address of a proxy's client. The server must expect the
    /// header.
    pub fn proxy_header(self, header: ProxyHeader) -> Self {
        Self {
            proxy_header: Some(Arc::new(header)),
            ..self
        }
    }

    /// Records the sessions, by [`LogTranscript`](crate::LogTranscript) or by a transcript of your own.
    pub fn transcript(self, transcript: impl Transcript + 'static) -> Self {
        let transcript: Arc<dyn Transcript> = Arc::new(transcript);
        Self {
            transcript: Some(transcript),
            ..self
        }
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Connects, and begins the session: greeting, EHLO, TLS, login. [`Timeouts::greeting`](client::Timeouts::greeting)
    /// limits the time for connecting, too. Does not look up MX records.
    ///
    /// Cancellation: dropping the future closes the connection. The builder can connect again.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if connecting fails, and the errors of [`on`](Self::on).
    pub fn connect<A: Into<Address>>(
        &self,
        address: A,
    ) -> impl Future<Output = Result<Client<T>, Error<T::Error>>> + use<T, A>
    where
        T: Connect,
    {
        let (limit, address) = (self.config.timeouts.greeting, address.into());
        // On the heap, so that the future of the session has no room for the settings.
        let builder = Box::new(self.clone());
        let connecting = Box::pin(async move { T::connect(&address, limit).await });
        async move { builder.begin(connecting.await.map_err(Error::Connect)?).await }
    }

    /// Begins the session on a connected transport.
    ///
    /// Cancellation: dropping the future drops the transport.
    ///
    /// # Errors
    ///
    /// [`Error::NoTls`] if the configuration requires TLS settings and there are none. [`Error::Handshake`] if the handshake
    /// of implicit TLS fails. [`Error::Closed`] if the server refuses the session, the login, or a required STARTTLS.
    pub fn on<U: Transport>(
        &self,
        transport: U,
    ) -> impl Future<Output = Result<Client<U>, Error<U::Error>>> + use<T, U> {
        let builder = self.clone();
        async move { builder.begin(transport).await }
    }

    async fn begin<U: Transport>(&self, transport: U) -> Result<Client<U>, Error<U::Error>> {
        let mut wire = Wire::plaintext(transport);
        let config = Arc::clone(&self.config);
        if matches!(self.tls, Encryption::Plaintext) && config.tls != Tls::Disabled {
            return Err(Error::NoTls);
        }
        // On the heap, so that the future of the session has no room for it afterwards.
        let info = if self.proxy_header.is_some() || matches!(self.tls, Encryption::Implicit(_)) {
            Box::pin(self.prepare(&mut wire)).await?
        } else {
            None
        };
        let (machine, tls) = match (&self.tls, info) {
            (Encryption::Ready(info), _) => (client::Client::new_over_tls(config, info.clone()), None),
            (Encryption::Upgrade(settings), _) => (client::Client::new(config), Some(Arc::clone(settings))),
            (_, Some(info)) => (client::Client::new_over_tls(config, info), None),
            (_, None) => (client::Client::new(config), None),
        };
        let mut client = Client {
            connection: Connection::on_wire(wire, machine),
            refusal: LastRefusal::default(),
            tls,
            steps: None,
        };
        if let Some(transcript) = &self.transcript {
            client.connection.share_transcript(Arc::clone(transcript));
            client.connection.record_implicit_tls();
        }
        let ready = client
            .until(|event, _| matches!(event, Event::Ready).then_some(()))
            .await
            .map_err(Box::new);
        if let Err(error) = ready {
            // A TLS alert may be unwritten.
            client.connection.shut_down().await;
            return Err(*error);
        }
        Ok(client)
    }

    /// Sends the PROXY header and does the implicit TLS handshake, before the session.
    async fn prepare<U: Transport>(&self, wire: &mut Wire<U>) -> Result<Option<TlsInfo>, Error<U::Error>> {
        let limits = &self.config.timeouts;
        if let Some(header) = &self.proxy_header {
            send_header(wire, header, limits.greeting)
                .await
                .map_err(Error::Connect)?;
        }
        match &self.tls {
            Encryption::Implicit(settings) => {
                let info = handshake(wire, &**settings, limits.handshake).await;
                info.map(Some).map_err(Error::Handshake)
            }
            _ => Ok(None),
        }
    }
}

impl<T> Clone for ClientBuilder<T> {
    fn clone(&self) -> Self {
        Self {
            config: Arc::clone(&self.config),
            tls: self.tls.clone(),
            proxy_header: self.proxy_header.clone(),
            transcript: self.transcript.clone(),
            transport: PhantomData,
        }
    }
}

impl<T> fmt::Debug for ClientBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("config", &self.config)
            .field("tls", &self.tls)
            .field("proxy_header", &self.proxy_header)
            .field("transcript", &self.transcript)
            .finish()
    }
}

/// Sends the PROXY header.
async fn send_header<T: Transport>(
    wire: &mut Wire<T>,
    header: &ProxyHeader,
    limit: Duration,
) -> Result<(), T::Error> {
    let octets = header.to_octets();
    let (mut rest, end) = (&*octets, wire.transport.now() + limit);
    poll_fn(|cx| {
        while !rest.is_empty() {
            match wire.poll_write(cx, &[rest]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(StreamError::WriteZero.into())),
                Poll::Ready(Ok(written)) => rest = rest.get(written..).unwrap_or_default(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    let late = |()| Err(StreamError::TimedOut.into());
                    return wire.transport.poll_deadline(cx, end).map(late);
                }
            }
        }
        Poll::Ready(Ok(()))
    })
    .await
}

/// Does a handshake before there is a machine. If it fails, sends the alert and closes the connection.
async fn handshake<T: Transport>(
    wire: &mut Wire<T>,
    settings: &dyn TlsSettings,
    limit: Duration,
) -> Result<TlsInfo, T::Error> {
    wire.start_tls(settings.session()?);
    let end = wire.transport.now() + limit;
    let done = poll_fn(|cx| match wire.poll_handshake(cx) {
        Poll::Pending => wire
            .transport
            .poll_deadline(cx, end)
            .map(|()| Err(StreamError::TimedOut.into())),
        done => done,
    })
    .await;
    if done.is_err() {
        wire.shut_down().await;
    }
    done
}
