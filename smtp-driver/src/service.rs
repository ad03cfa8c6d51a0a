//! The interface between a server and its application: one async function for each question of a session.

mod about;
mod answer;
mod asides;
mod auth;
mod conversation;
mod converse;
mod recipients;
mod shared;
mod transaction;

use std::{future::Future, io, sync::Arc};

use smtp_proto::{
    sasl::AuthOutcome,
    server::{AuthFailure, Closed, Config, Member, Reset},
    types::{
        Argument, ClientInfo, ClientName, Etrn, EtrnAnswer, Keyword, Mail, Query, Rcpt, Rejection,
        UnknownCommand,
    },
};

pub use self::{
    about::{About, SessionHandle},
    answer::{Accept, HelpAnswer, VrfyAnswer},
    auth::AuthAttempt,
    converse::converse,
};
use crate::{Bytes, Runtime, ServeOptions, options::ServeTls, serve_sessions};

/// The application of a server, as one async function for each question of its clients.
///
/// [`serve`] runs a service on all connections, and [`converse`] on one. They handle the order of replies, deadlines,
/// shutdown, STARTTLS and back-pressure. The service decides on policy and storage:
///
/// ```
/// use std::{collections::HashSet, future::pending, sync::Mutex};
///
/// use smtp_driver::proto::{server::Config, types::{Host, Mail, Rcpt, Rejection}};
/// use smtp_driver::{About, Accept, Bytes, Runtime, ServeOptions, Service, serve};
///
/// struct Catcher {
///     users: HashSet<String>,
///     stored: Mutex<Vec<(String, Vec<u8>)>>,
/// }
///
/// impl Service for Catcher {
///     type Mail = Vec<u8>;
///
///     async fn mail(&self, _: &About, _: Mail<'static>) -> Result<Vec<u8>, Rejection> {
///         Ok(Vec::new())
///     }
///
///     async fn recipient(&self, _: &Vec<u8>, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
///         let is_known = self.users.contains(rcpt.forward_path().as_str());
///         if is_known { Ok(Accept::Yes) } else { Err(Rejection::NO_SUCH_USER) }
///     }
///
///     async fn body(&self, message: &mut Vec<u8>, octets: Bytes) -> Result<(), Rejection> {
///         message.extend_from_slice(&octets);
///         Ok(())
///     }
///
///     async fn message(&self, message: &mut Vec<u8>, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
///         let mut stored = self.stored.lock().map_err(|_| Rejection::LOCAL_ERROR)?;
///         stored.extend(to.iter().map(|rcpt| (rcpt.forward_path().to_string(), message.clone())));
///         Ok(Accept::text(format!("queued as {}", stored.len())))
///     }
/// }
///
/// async fn catch<R: Runtime>(listener: R::Listener, catcher: Catcher) -> Result<(), Box<dyn std::error::Error>> {
///     let config = Config::new(Host::parse("mx.example.org")?);
///     serve::<R, _>(listener, config.into(), ServeOptions::default(), pending(), catcher.into()).await?;
///     Ok(())
/// }
/// ```
///
/// All functions except [`mail`](Self::mail), [`body`](Self::body) and [`message`](Self::message) have defaults.
///
/// # State
///
/// [`Mail`](Self::Mail) is the state of a transaction, [`About::state`] the state of a session, and the service itself the
/// state of the server. Several listeners can share a service as clones of one [`Arc`]. The example `server` is a service
/// with users, policy, trace fields and a Maildir.
///
/// # Time
///
/// The deadlines of the configuration run while a function awaits. After [`Timeouts::application`] the client gets 451, and
/// the future is dropped. The future is also dropped if the session ends. So every function except [`message`](Self::message)
/// may be dropped at any `.await`.
///
/// On a runtime of threads, a function may block its thread. While it blocks, neither deadlines nor the questions about other
/// recipients run.
///
/// # Extensions without a type
///
/// With [`UnknownPolicy::AskApplication`](smtp_proto::server::UnknownPolicy::AskApplication), a service gets the parameters
/// of MTRK (RFC 3885), CONPERM and CONNEG (RFC 4141), and of extensions that `smtp-proto` does not know. The service must
/// refuse parameters that it does not offer. With CONNEG, the reply to RCPT lists the abilities of the recipient's device:
///
/// ```
/// use smtp_driver::proto::{
///     server::{Config, UnknownPolicy},
///     types::{Extension, Host, Mail, Rcpt, Rejection},
/// };
/// use smtp_driver::{About, Accept, Bytes, Service};
///
/// struct FaxGateway;
///
/// impl Service for FaxGateway {
///     type Mail = Vec<u8>;
///
///     async fn mail(&self, _: &About, mail: Mail<'static>) -> Result<Vec<u8>, Rejection> {
///         match mail.parameters().others().next() {
///             Some(_) => Err(Rejection::UNKNOWN_PARAMETER),
///             None => Ok(Vec::new()),
///         }
///     }
///
///     async fn recipient(&self, _: &Vec<u8>, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
///         let mut reply = "recipient ok".to_owned();
///         for parameter in rcpt.parameters().others() {
///             if !parameter.keyword().eq_ignore_ascii_case("CONNEG") || parameter.value().is_some() {
///                 return Err(Rejection::UNKNOWN_PARAMETER);
///             }
///             reply += "\nCONNEG (&(image-file-structure=TIFF-minimal)(color=Binary))";
///         }
///         Ok(Accept::text(reply))
///     }
/// #
/// #   async fn body(&self, message: &mut Vec<u8>, octets: Bytes) -> Result<(), Rejection> {
/// #       message.extend_from_slice(&octets);
/// #       Ok(())
/// #   }
/// #
/// #   async fn message(&self, _: &mut Vec<u8>, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
/// #       Err(Rejection::NO_STORAGE)
/// #   }
/// }
///
/// let mut config = Config::new(Host::parse("fax.example.org")?);
/// config.extensions.add(Extension::ConNeg);
/// config.unknown_parameters = UnknownPolicy::AskApplication;
/// # use smtp_driver::testing::{Network, ScriptedPeer, join, session};
/// # use smtp_driver::converse;
/// # let network = Network::new();
/// # let (near, far) = network.pair();
/// # let mut client = ScriptedPeer::client(far);
/// # let script = "S: 220*
/// #     C: EHLO client.example
/// #     S: 250-fax.example.org*
/// #     S: 250-PIPELINING
/// #     S: 250-SIZE *
/// #     S: 250-8BITMIME
/// #     S: 250-SMTPUTF8
/// #     S: 250-ENHANCEDSTATUSCODES
/// #     S: 250-DSN
/// #     S: 250-CHUNKING
/// #     S: 250-BINARYMIME
/// #     S: 250-HELP
/// #     S: 250 CONNEG
/// #     C: MAIL FROM:<> X=1
/// #     S: 555*
/// #     C: MAIL FROM:<>
/// #     S: 250*
/// #     C: RCPT TO:<june@fax.example.org> CONNEG
/// #     S: 250-2.1.5 recipient ok
/// #     S: 250 2.1.5 CONNEG (&(image-file-structure=TIFF-minimal)(color=Binary))
/// #     C: QUIT
/// #     S: 221*
/// #     C: <close>";
/// # let serving = converse(session(near, config), &FaxGateway, None);
/// # let ((), played) = network.block_on(join(serving, client.play(script)));
/// # played.unwrap();
/// # Ok::<(), smtp_driver::proto::types::InvalidAddress>(())
/// ```
///
/// [`Timeouts::application`]: smtp_proto::server::Timeouts::application
pub trait Service: Send + Sync {
    /// The state of one transaction, created by [`mail`](Self::mail) and dropped when the transaction is over.
    type Mail: Send + Sync;

    /// Answers a new connection, before the greeting. With implicit TLS, the handshake is already done. A rejection is 554,
    /// 521 or 421.
    ///
    /// Default: sends the greeting.
    fn connect(&self, about: &About) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        let _ = about;
        async { Ok(Accept::Yes) }
    }

    /// Answers EHLO, HELO or LHLO. Do not reject the client for the name alone (RFC 5321 section 4.1.4). To change the extensions
    /// that the reply offers, use the [handle](About::handle).
    ///
    /// Default: accepts.
    fn hello(
        &self,
        about: &About,
        name: &ClientName<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        let _ = (about, name);
        async { Ok(Accept::Yes) }
    }

    /// Answers AUTH: accepts an identity, rejects, or sends a challenge. [`AuthOutcome::Reject`] sends 535; for another reply
    /// return a [`Rejection`]. A mechanism of several steps calls this function for each step.
    ///
    /// Default: 454, because only the application can verify credentials.
    fn auth(
        &self,
        about: &About,
        attempt: &mut AuthAttempt,
    ) -> impl Future<Output = Result<AuthOutcome, Rejection>> + Send {
        let _ = (about, attempt);
        async { Err(Rejection::AUTH_FAILURE) }
    }

    /// Notifies the service that an AUTH exchange failed without a call of [`auth`](Self::auth), for a log.
    fn auth_failed(&self, about: &About, why: AuthFailure) {
        let _ = (about, why);
    }

    /// Answers MAIL: returns the state of a new transaction, or rejects the sender.
    fn mail(
        &self,
        about: &About,
        mail: Mail<'static>,
    ) -> impl Future<Output = Result<Self::Mail, Rejection>> + Send;

    /// Answers RCPT. The calls for pipelined recipients run concurrently, up to
    /// [`max_open_rcpts`](smtp_proto::limits::ServerLimits::max_open_rcpts), and share `mail`. If `mail` contains a
    /// connection to a next hop, set this limit to 1 and put the connection into a mutex.
    ///
    /// Default: accepts.
    fn recipient(
        &self,
        mail: &Self::Mail,
        rcpt: &Rcpt<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        let _ = (mail, rcpt);
        async { Ok(Accept::Yes) }
    }

    /// Answers DATA or the first BDAT, before the message data. `to` has the accepted recipients, in the order of the RCPT
    /// commands.
    ///
    /// Default: accepts.
    fn begin(
        &self,
        mail: &mut Self::Mail,
        to: &[Rcpt<'static>],
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        let _ = (mail, to);
        async { Ok(Accept::Yes) }
    }

    /// Receives the next octets of the message data, after removal of the dot-stuffing. You can keep the [`Bytes`] without a
    /// copy.
    ///
    /// The driver reads nothing from the client until the function returns: this is the back-pressure. The deadline of each
    /// call is [`Timeouts::application`](smtp_proto::server::Timeouts::application); after it, the client gets 451 for the
    /// message. After an error, the rest of the data is discarded, the client gets the rejection, and [`reset`](Self::reset)
    /// ends the transaction.
    fn body(
        &self,
        mail: &mut Self::Mail,
        octets: Bytes,
    ) -> impl Future<Output = Result<(), Rejection>> + Send;

    /// Stores the complete message. Accept it only after it is stored: with the 250, this server takes the responsibility for
    /// it (RFC 5321 section 6.1).
    ///
    /// In SMTP, `to` has all accepted recipients, in the order of the RCPT commands. With LMTP or PRDR there is one call for
    /// each recipient, with a slice of one.
    ///
    /// The future always runs to its end, unless the whole server is dropped. If it is not ready after
    /// [`Timeouts::message_acceptance`](smtp_proto::server::Timeouts::message_acceptance), or if the session ends, the client
    /// gets no acceptance and will send the message again. The future continues, and at its end [`reset`](Self::reset) gets
    /// the mail, so that you can delete the stored message. So a message may arrive twice (RFC 1047), but is not lost.
    /// Meanwhile the session rejects MAIL with 451, and still counts as a connection.
    fn message(
        &self,
        mail: &mut Self::Mail,
        to: &[Rcpt<'static>],
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send;

    /// Answers VRFY.
    ///
    /// Default: 252 (not verified).
    fn verify(
        &self,
        about: &About,
        query: &Query<'static>,
    ) -> impl Future<Output = Result<VrfyAnswer, Rejection>> + Send {
        let _ = (about, query);
        async { Ok(VrfyAnswer::Unverified) }
    }

    /// Answers EXPN with the members of a mailing list. An empty list sends 252 (not expanded).
    ///
    /// Default: an empty list.
    fn expand(
        &self,
        about: &About,
        query: &Query<'static>,
    ) -> impl Future<Output = Result<Vec<Member<'static>>, Rejection>> + Send {
        let _ = (about, query);
        async { Ok(Vec::new()) }
    }

    /// Answers HELP.
    ///
    /// Default: the commands of the session.
    fn help(
        &self,
        about: &About,
        topic: Option<&Argument<'static>>,
    ) -> impl Future<Output = Result<HelpAnswer, Rejection>> + Send {
        let _ = (about, topic);
        async { Ok(HelpAnswer::Commands) }
    }

    /// Answers XCLIENT: a proxy names its client. Called only in sessions that [offer](SessionHandle::offer) XCLIENT, with
    /// the attributes that they offer. Offer it in [`connect`](Self::connect), only to trusted proxies, and only if these do
    /// not forward XCLIENT from their own clients. After an acceptance the session starts again: [`connect`](Self::connect)
    /// is called again, and [`About::peer`] is the client.
    ///
    /// Return the identity to authenticate the client, or `None` to accept the attributes without a login.
    ///
    /// Default: 550.
    fn xclient(
        &self,
        about: &About,
        info: &ClientInfo<'static>,
    ) -> impl Future<Output = Result<Option<String>, Rejection>> + Send {
        let _ = (about, info);
        async { Err(Rejection::NOT_AUTHORIZED) }
    }

    /// Answers XFORWARD: a content filter names the origin of the next message. Called only in sessions that
    /// [offer](SessionHandle::offer) XFORWARD. [`About::xforward`] has the accepted attributes.
    ///
    /// Default: 550.
    fn xforward(
        &self,
        about: &About,
        info: &ClientInfo<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        let _ = (about, info);
        async { Err(Rejection::NOT_AUTHORIZED) }
    }

    /// Answers ETRN: starts the delivery of messages that wait for a node (RFC 1985). Accept only nodes that this client may
    /// name. Called only if the session offers ETRN.
    ///
    /// Default: 459.
    fn etrn(
        &self,
        about: &About,
        etrn: &Etrn<'static>,
    ) -> impl Future<Output = Result<EtrnAnswer, Rejection>> + Send {
        let _ = (about, etrn);
        async { Err(Rejection::NODE_NOT_ALLOWED) }
    }

    /// Answers an unknown command. Called only with
    /// [`UnknownPolicy::AskApplication`](smtp_proto::server::UnknownPolicy::AskApplication).
    ///
    /// Default: 502.
    fn command(
        &self,
        about: &About,
        command: &UnknownCommand<'static>,
    ) -> impl Future<Output = Result<Accept, Rejection>> + Send {
        const UNKNOWN: Rejection = Rejection::from_static(502, (5, 5, 1), "command not implemented");
        let _ = (about, command);
        async { Err(UNKNOWN) }
    }

    /// Takes the mail of a transaction that ended without an acceptance: delete here what was stored. With LMTP and PRDR,
    /// recipients that were accepted before stay accepted. After [`message`](Self::message) has answered for the last recipient,
    /// this is not called, and the mail is dropped.
    ///
    /// Default: drops the mail.
    fn reset(&self, mail: Self::Mail, why: Reset) {
        let _ = (mail, why);
    }

    /// Notifies the service that the session is over. Not called if the session is dropped with the server, or panics.
    fn closed(&self, about: &About, why: Closed) {
        let _ = (about, why);
    }
}

/// Accepts connections and runs the service on each, in a task of its own, until `stop` is ready.
///
/// Limits and shutdown are those of [`serve_sessions`]. [`ServeOptions::starttls`] and [`ServeOptions::implicit_tls`] set TLS.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if the configuration offers STARTTLS, and the options have no TLS settings.
pub async fn serve<R: Runtime, S: Service + 'static>(
    listener: R::Listener,
    config: Arc<Config>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    service: Arc<S>,
) -> io::Result<()> {
    if matches!(options.tls, ServeTls::Plaintext) && config.extensions.has(Keyword::StartTls) {
        let why = "TLS settings are missing: give them to ServeOptions::starttls, or do not offer STARTTLS";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    // One pointer for both, to keep a session small.
    let shared = Arc::new((service, options.tls.starttls().cloned()));
    serve_sessions::<R, _>(listener, config, options, stop, |session| {
        let shared = Arc::clone(&shared);
        async move {
            let (service, tls) = &*shared;
            converse(session, &**service, tls.as_ref()).await;
        }
    })
    .await;
    Ok(())
}

#[cfg(test)]
mod tests;
