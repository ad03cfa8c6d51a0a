//! The credentials of a client.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::anonymous::AnonymousClient;
use super::bearer::BearerClient;
use super::external::ExternalClient;
use super::login::LoginClient;
use super::plain::PlainClient;
use super::{ClientMechanism, Mechanism, Secret};

/// Credentials of a client: a password, a token, an external identity such as a certificate, or none (anonymous).
///
/// `Debug` shows names, never a password or a token.
#[derive(Clone, Debug)]
pub struct Credentials {
    kind: Kind,
    authorization_id: Option<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    Password { user: String, password: Secret },
    Token { user: String, token: Secret },
    External,
    Anonymous { trace: String },
}

/// Properties of a session that a mechanism may need, for either role.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The host name by which the client reaches the server. OAUTHBEARER sends it.
    pub host: Option<&'a str>,
    /// The port of the server. OAUTHBEARER sends it.
    pub port: Option<u16>,
    /// The channel binding of type `tls-exporter`: 32 octets that only the two ends of a TLS 1.3 session can derive
    /// (RFC 9266). Without it, mechanisms that [bind the channel](Mechanism::binds_channel) cannot start.
    pub channel_binding: Option<&'a [u8]>,
    /// Client: the server advertises the `-PLUS` variant of this mechanism. Server: any `-PLUS` mechanism is
    /// advertised. SCRAM uses this to detect downgrades (RFC 5802 section 6).
    pub plus_offered: bool,
}

/// Mechanisms for a password, strongest first.
const PASSWORD: &[Mechanism] = &[
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_512_PLUS,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_256_PLUS,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_1_PLUS,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_512,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_256,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_1,
    #[cfg(feature = "cram-md5")]
    Mechanism::CRAM_MD5,
    Mechanism::PLAIN,
    Mechanism::LOGIN,
];

/// Mechanisms for a password that can carry an authorization identity, strongest first.
const PASSWORD_AS: &[Mechanism] = &[
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_512_PLUS,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_256_PLUS,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_1_PLUS,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_512,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_256,
    #[cfg(feature = "scram")]
    Mechanism::SCRAM_SHA_1,
    Mechanism::PLAIN,
];

impl Credentials {
    /// A user name and a password.
    pub fn password(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::of(Kind::Password {
            user: user.into(),
            password: password.into(),
        })
    }

    /// A user name and a bearer token, for example an OAuth 2.0 access token (RFC 6750).
    pub fn token(user: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self::of(Kind::Token {
            user: user.into(),
            token: token.into(),
        })
    }

    /// An identity that the server knows already, such as the client's certificate from the TLS handshake.
    #[must_use]
    pub const fn external() -> Self {
        Self::of(Kind::External)
    }

    /// Anonymous access. The trace information is a mail address, or another text without an at sign, of at most 255
    /// characters; it may be empty.
    pub fn anonymous(trace: impl Into<String>) -> Self {
        Self::of(Kind::Anonymous { trace: trace.into() })
    }

    /// Sets the authorization identity (authzid): the client asks to act as another identity than that of the
    /// credentials. Excludes mechanisms that cannot carry it. An empty identity removes it.
    #[must_use]
    pub fn with_authorization_id(mut self, identity: impl Into<String>) -> Self {
        self.authorization_id = Some(identity.into()).filter(|identity| !identity.is_empty());
        self
    }

    /// The mechanisms that can use these credentials, strongest first. Mechanisms whose feature is disabled are
    /// missing.
    #[must_use]
    pub const fn mechanisms(&self) -> &'static [Mechanism] {
        match (&self.kind, &self.authorization_id) {
            (Kind::Password { .. }, None) => PASSWORD,
            (Kind::Password { .. }, Some(_)) => PASSWORD_AS,
            (Kind::Token { .. }, None) => &[Mechanism::OAUTHBEARER, Mechanism::XOAUTH2],
            (Kind::Token { .. }, Some(_)) => &[Mechanism::OAUTHBEARER],
            (Kind::External, _) => &[Mechanism::EXTERNAL],
            (Kind::Anonymous { .. }, None) => &[Mechanism::ANONYMOUS],
            (Kind::Anonymous { .. }, Some(_)) => &[],
        }
    }

    /// Starts an exchange.
    ///
    /// Returns `None` if the mechanism is not one of [`mechanisms`](Self::mechanisms), if it binds the channel and
    /// there is no channel binding, or if it cannot carry a name, the password or the token.
    #[must_use]
    pub fn start(&self, mechanism: Mechanism, context: &Context<'_>) -> Option<Box<dyn ClientMechanism>> {
        if !self.mechanisms().contains(&mechanism) {
            return None;
        }
        let authorization_id = self.authorization_id.as_deref();
        match (&self.kind, mechanism) {
            (Kind::Password { user, password }, Mechanism::PLAIN) => {
                boxed(PlainClient::new(user, password, authorization_id))
            }
            (Kind::Password { user, password }, Mechanism::LOGIN) => boxed(LoginClient::new(user, password)),
            #[cfg(feature = "cram-md5")]
            (Kind::Password { user, password }, Mechanism::CRAM_MD5) => {
                boxed(super::cram_md5::CramMd5Client::new(user, password))
            }
            #[cfg(feature = "scram")]
            (Kind::Password { user, password }, _) => boxed(super::scram::ScramClient::new(
                mechanism,
                user,
                password,
                authorization_id,
                context,
            )),
            (Kind::Token { user, token }, Mechanism::OAUTHBEARER) => boxed(BearerClient::oauthbearer(
                authorization_id.unwrap_or(user),
                token,
                context,
            )),
            (Kind::Token { user, token }, Mechanism::XOAUTH2) => boxed(BearerClient::xoauth2(user, token)),
            (Kind::External, Mechanism::EXTERNAL) => boxed(ExternalClient::new(authorization_id)),
            (Kind::Anonymous { trace }, Mechanism::ANONYMOUS) => boxed(AnonymousClient::new(trace)),
            _ => None,
        }
    }

    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            authorization_id: None,
        }
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("channel_binding", &self.channel_binding.map(|_| ".."))
            .field("plus_offered", &self.plus_offered)
            .finish()
    }
}

fn boxed<M: ClientMechanism + 'static>(mechanism: Option<M>) -> Option<Box<dyn ClientMechanism>> {
    mechanism.map(|mechanism| -> Box<dyn ClientMechanism> { Box::new(mechanism) })
}

#[cfg(test)]
mod tests;
