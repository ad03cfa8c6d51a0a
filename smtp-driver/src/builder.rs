//! The beginning of a session with a server.

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
    /// Connects within `limit`. A host name that has several addresses is tried at each.
    fn connect(address: &Address, limit: Duration) -> impl Future<Output = Result<Self, Self::Error>>;

    /// TLS settings for a server with this name, which trust the roots of the platform.
    ///
    /// Default: an error, because TLS needs another crate.
    ///
    /// # Errors
    ///
    /// If the name is no host name, or the trusted certificates cannot be read.
    fn default_tls(host: &str) -> Result<Arc<dyn TlsSettings>, StreamError> {
        Err(StreamError::Tls(
            alloc::format!("no TLS settings for {host}: give them, or enable the feature ring").into(),
        ))
    }
}

/// The settings of a session with a server: plaintext, STARTTLS or implicit TLS.
///
/// Without TLS settings, [`Config::tls`] must be [`Tls::Disabled`]: the error is [`Error::NoTls`] otherwise.
///
/// `T` is the transport that [`connect`](Self::connect) makes; an adapter names it.
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
    /// Settings for a session in plaintext.
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        Self {
            config: config.into(),
            tls: Encryption::Plaintext,
            proxy_header: None,
            transcript: None,
            transport: PhantomData,
        }
    }

    /// Settings for the server of a URL. The configuration gets the URL's protocol, use of TLS, login and client name
    /// ([`Url::apply`]). `tls` makes TLS settings for the host, and is called only if the URL uses TLS: of `smtp-rustls` it
    /// is `ClientTls::platform`.
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

    /// Uses STARTTLS as [`Config::tls`] says (RFC 3207): submission on port 587, relaying on port 25. [`Tls::Disabled`], the
    /// default of a configuration, becomes [`Tls::Required`].
    pub fn starttls(mut self, settings: impl TlsSettings + 'static) -> Self {
        if self.config.tls == Tls::Disabled {
            Arc::make_mut(&mut self.config).tls = Tls::Required;
        }
        let tls = Encryption::Upgrade(Arc::new(settings));
        Self { tls, ..self }
    }

    /// Does the TLS handshake before the greeting (implicit TLS, RFC 8314 section 3.3): submission on port 465.
    /// [`Config::tls`] has no effect, because it is about STARTTLS.
    pub fn implicit_tls(self, settings: impl TlsSettings + 'static) -> Self {
        let tls = Encryption::Implicit(Arc::new(settings));
        Self { tls, ..self }
    }

    /// Declares that the stream is encrypted already, with these parameters. [`Config::tls`] has no effect. Set
    /// [`TlsInfo::peer_verified`] if the server's certificate was verified.
    pub fn encrypted(self, info: TlsInfo) -> Self {
        let tls = Encryption::Ready(info);
        Self { tls, ..self }
    }

    /// Sends this header before everything else, TLS included: the server must expect it. A proxy names its client's
    /// address in it.
    pub fn proxy_header(self, header: ProxyHeader) -> Self {
        Self {
            proxy_header: Some(Arc::new(header)),
            ..self
        }
    }

    /// Records the sessions: [`LogTranscript`](crate::LogTranscript), or your own.
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

    /// Connects, and begins the session: greeting, EHLO, TLS, login. Connecting takes at most as long as the greeting
    /// ([`Timeouts::greeting`](client::Timeouts::greeting)). MX records are not looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if there is no connection, and the errors of [`on`](Self::on).
    pub fn connect<A: Into<Address>>(
        &self,
        address: A,
    ) -> impl Future<Output = Result<Client<T>, Error<T::Error>>> + use<T, A>
    where
        T: Connect,
    {
        let (limit, address) = (self.config.timeouts.greeting, address.into());
        // On the heap, because the session needs no room for them.
        let builder = Box::new(self.clone());
        let connecting = Box::pin(async move { T::connect(&address, limit).await });
        async move { builder.begin(connecting.await.map_err(Error::Connect)?).await }
    }

    /// Begins the session on a connected transport.
    ///
    /// # Errors
    ///
    /// [`Error::NoTls`] if the configuration wants TLS, and no settings for it were given. [`Error::Handshake`] if the
    /// handshake of implicit TLS fails. [`Error::Closed`] if the server refuses the session, the login, or a required
    /// STARTTLS.
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
        // On the heap, because the session needs no room for it afterwards.
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
            client.connection.set_transcript(Arc::clone(transcript));
            client.connection.record_implicit_tls();
        }
        let ready = client
            .until(|event, _| matches!(event, Event::Ready).then_some(()))
            .await
            .map_err(Box::new);
        if let Err(error) = ready {
            // An alert may be unwritten.
            client.connection.shut_down().await;
            return Err(*error);
        }
        Ok(client)
    }

    /// Does all that comes before the session: the header of a proxy, implicit TLS.
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

/// Sends the header of a proxy.
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

/// Does a handshake before there is a machine. If it fails, the connection is closed after the alert.
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
