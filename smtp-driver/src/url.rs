//! URLs with the address, protocol, TLS policy and login of a server.

mod invalid;

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, net::Ipv6Addr, str::FromStr};

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use smtp_proto::{
    client::{Config, Login, Tls},
    sasl::{Credentials, Secret},
    types::{ClientName, Protocol},
};

pub use self::invalid::InvalidUrl;
use crate::Address;

/// The URL of a server: protocol, address, TLS and login.
///
/// | URL | default port | connection |
/// | --- | --- | --- |
/// | `smtps://user:password@host` | 465 | SMTP with implicit TLS (RFC 8314 section 3.3) |
/// | `smtp://user:password@host` | 587 | SMTP with STARTTLS, which is required |
/// | `smtp://host?tls=opportunistic` | 587 | SMTP with STARTTLS if the server offers it |
/// | `smtp://host?tls=none` | 587 | SMTP in plaintext |
/// | `lmtp://host` | 24 | LMTP in plaintext, because it is for local networks (RFC 2033 section 5) |
/// | `lmtp://host?tls=required` | 24 | LMTP with STARTTLS, which is required |
/// | `lmtp+unix:///run/lmtp.sock` | | LMTP on a Unix socket |
///
/// The default is to [require](TlsMode::Required) TLS, except for LMTP without a login. A login always requires TLS, because
/// a man in the middle could get the password otherwise. The parameter `tls` and its values are those of lettre, plus `none`.
/// Unlike in lettre, `smtp` without the parameter is not plaintext.
///
/// The path is the client's name in EHLO, as in curl and lettre: `smtp://host/client.example.org`. It is optional.
///
/// Reserved characters in user and password are percent-encoded: `%40` is `@`. An IPv6 address is in brackets.
///
/// ```
/// use smtp_driver::{TlsMode, Url};
///
/// let url: Url = "smtps://ann%40example.org:secret@mail.example.org".parse()?;
/// assert_eq!(url.address().to_string(), "mail.example.org:465");
/// assert_eq!(url.host(), Some("mail.example.org"));
/// assert_eq!(url.user(), Some("ann@example.org"));
/// assert_eq!(url.tls(), TlsMode::Implicit);
/// assert_eq!(url.to_string(), "smtps://ann%40example.org:***@mail.example.org:465");
/// # Ok::<(), smtp_driver::InvalidUrl>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    scheme: Scheme,
    address: Address,
    /// The host without brackets. `None`: a Unix socket.
    host: Option<String>,
    tls: TlsMode,
    login: Option<UserPassword>,
    hello: Option<ClientName<'static>>,
}

/// The TLS policy for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum TlsMode {
    /// TLS from the first octet (RFC 8314 section 3.3).
    Implicit,
    /// STARTTLS. If the server does not offer it, the session ends before any mail is sent.
    Required,
    /// STARTTLS if the server offers it. Protects against passive eavesdroppers only, so the [default TLS
    /// settings](crate::Connect::default_tls) do not verify the certificate.
    Opportunistic,
    /// Plaintext.
    Disabled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Smtp,
    Smtps,
    Lmtp,
    LmtpUnix,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct UserPassword {
    user: String,
    password: Secret,
}

impl Url {
    /// Parses a URL.
    ///
    /// # Errors
    ///
    /// The first fault in the URL.
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidUrl::MissingScheme)?;
        let scheme = Scheme::parse(scheme)?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if scheme == Scheme::LmtpUnix {
            return unix(authority, rest);
        }
        // Check this first: if there is a late '@', host, port and parameters may be parts of a password.
        if rest.contains('@') {
            return Err(InvalidUrl::LateAt);
        }
        if rest.contains('#') {
            return Err(InvalidUrl::Fragment);
        }
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(UserPassword::parse(login)?), host),
            None => (None, authority),
        };
        let (host, port) = split_port(host, scheme.port())?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let tls = scheme.tls(parse_tls(query)?, login.is_some())?;
        let hello = match path.trim_matches('/') {
            "" => None,
            name => Some(
                ClientName::parse(name)
                    .map_err(InvalidUrl::ClientName)?
                    .into_owned(),
            ),
        };
        Ok(Self {
            scheme,
            address: Address::from((host, port)),
            host: Some(host.to_owned()),
            tls,
            login,
            hello,
        })
    }

    /// The address to connect to.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The host, which is the name that the server's certificate must have. An IPv6 address has no brackets. Returns `None`
    /// for a Unix socket.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        match self.scheme {
            Scheme::Smtp | Scheme::Smtps => Protocol::Smtp,
            Scheme::Lmtp | Scheme::LmtpUnix => Protocol::Lmtp,
        }
    }

    /// The TLS policy.
    #[must_use]
    pub const fn tls(&self) -> TlsMode {
        self.tls
    }

    /// The user. Returns `None` if there is no login.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.login.as_ref().map(|login| &*login.user)
    }

    /// The user and password as a login. Returns `None` if the URL has none.
    #[must_use]
    pub fn login(&self) -> Option<Login> {
        let UserPassword { user, password } = self.login.as_ref()?;
        Some(Login::new(Credentials::password(&**user, password.clone())))
    }

    /// The client's name for EHLO. Returns `None` if the URL has no path.
    #[must_use]
    pub const fn hello(&self) -> Option<&ClientName<'static>> {
        self.hello.as_ref()
    }

    /// Returns the configuration with the protocol and TLS policy of this URL, and with its login and client name if present.
    #[must_use]
    pub fn apply(&self, config: Config) -> Config {
        let mut config = config;
        config.protocol = self.protocol();
        config.tls = match self.tls {
            TlsMode::Implicit | TlsMode::Required => Tls::Required,
            TlsMode::Opportunistic => Tls::Opportunistic,
            TlsMode::Disabled => Tls::Disabled,
        };
        if let Some(login) = self.login() {
            config.login = Some(login);
        }
        if let Some(hello) = &self.hello {
            config.hello = hello.clone();
        }
        config
    }
}

impl FromStr for Url {
    type Err = InvalidUrl;

    fn from_str(url: &str) -> Result<Self, InvalidUrl> {
        Self::parse(url)
    }
}

impl From<&Url> for Address {
    fn from(url: &Url) -> Self {
        url.address.clone()
    }
}

/// Shows `***` instead of the password.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.as_str())?;
        if let Some(UserPassword { user, .. }) = &self.login {
            write!(f, "{}:***@", utf8_percent_encode(user, USER))?;
        }
        match &self.address {
            Address::Tcp(address) => f.write_str(address)?,
            Address::Unix(path) => write!(f, "{}", utf8_percent_encode(path, PATH))?,
        }
        if let Some(hello) = &self.hello {
            write!(f, "/{}", hello.as_str())?;
        }
        match (self.scheme, self.tls) {
            (Scheme::Lmtp, TlsMode::Required) => f.write_str("?tls=required"),
            (_, TlsMode::Opportunistic) => f.write_str("?tls=opportunistic"),
            (Scheme::Smtp, TlsMode::Disabled) => f.write_str("?tls=none"),
            _ => Ok(()),
        }
    }
}

impl Scheme {
    const ALL: [Self; 4] = [Self::Smtp, Self::Smtps, Self::Lmtp, Self::LmtpUnix];

    fn parse(text: &str) -> Result<Self, InvalidUrl> {
        Self::ALL
            .into_iter()
            .find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
            .ok_or_else(|| {
                match text
                    .bytes()
                    .all(|octet| octet.is_ascii_alphanumeric() || octet == b'+')
                {
                    true => InvalidUrl::UnknownScheme(text.to_owned()),
                    // The text before "://" may be a password: do not show it.
                    false => InvalidUrl::MissingScheme,
                }
            })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Smtps => "smtps",
            Self::Lmtp => "lmtp",
            Self::LmtpUnix => "lmtp+unix",
        }
    }

    /// The default port: submission, submissions (RFC 6409, RFC 8314), or LMTP by common use.
    const fn port(self) -> u16 {
        match self {
            Self::Smtp => 587,
            Self::Smtps => 465,
            Self::Lmtp | Self::LmtpUnix => 24,
        }
    }

    /// The TLS policy, from the parameter and the presence of a login.
    const fn tls(self, parameter: Option<TlsMode>, login: bool) -> Result<TlsMode, InvalidUrl> {
        match (self, parameter, login) {
            (Self::Smtps, None | Some(TlsMode::Required), _) => Ok(TlsMode::Implicit),
            (Self::Smtps, Some(_), _) => Err(InvalidUrl::ImplicitTls),
            (_, None | Some(TlsMode::Required), true) => Ok(TlsMode::Required),
            (_, Some(_), true) => Err(InvalidUrl::LoginWithoutTls),
            (_, Some(mode), false) => Ok(mode),
            (Self::Smtp, None, false) => Ok(TlsMode::Required),
            (Self::Lmtp | Self::LmtpUnix, None, false) => Ok(TlsMode::Disabled),
        }
    }
}

impl UserPassword {
    fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let (user, password) = text.split_once(':').ok_or(InvalidUrl::MissingPassword)?;
        if user.is_empty() {
            return Err(InvalidUrl::MissingUser);
        }
        if password.is_empty() {
            return Err(InvalidUrl::MissingPassword);
        }
        let password = Secret::from(decode(password, "password")?);
        if password.expose_str().is_none_or(|text| text.contains('\0')) {
            return Err(InvalidUrl::Text("password"));
        }
        let user = decode_text(user, "user")?;
        Ok(Self { user, password })
    }
}

/// The URL of a Unix socket, after the scheme.
fn unix(authority: &str, rest: &str) -> Result<Url, InvalidUrl> {
    if !authority.is_empty() {
        let fault = if authority.contains('@') { "login" } else { "host" };
        return Err(InvalidUrl::UnixSocket(fault));
    }
    if rest.contains(['?', '#']) {
        return Err(InvalidUrl::UnixSocket("parameter"));
    }
    let path = decode_text(rest, "path")?;
    if path.len() < 2 {
        return Err(InvalidUrl::UnixSocket("missing path"));
    }
    Ok(Url {
        scheme: Scheme::LmtpUnix,
        address: Address::Unix(path),
        host: None,
        tls: TlsMode::Disabled,
        login: None,
        hello: None,
    })
}

/// Splits host and port, and removes the brackets of an IPv6 address.
fn split_port(text: &str, default: u16) -> Result<(&str, u16), InvalidUrl> {
    let (host, port) = if let Some(text) = text.strip_prefix('[') {
        let (host, port) = text.split_once(']').ok_or(InvalidUrl::Host)?;
        host.parse::<Ipv6Addr>().map_err(|_| InvalidUrl::Host)?;
        match port.strip_prefix(':') {
            None if !port.is_empty() => return Err(InvalidUrl::Host),
            port => (host, port),
        }
    } else {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        // Two colons are most likely an IPv6 address without brackets.
        if port.is_some_and(|port| port.contains(':')) {
            return Err(InvalidUrl::Host);
        }
        if host.is_empty() {
            return Err(InvalidUrl::MissingHost);
        }
        if host.len() > MAX_HOST || !host.bytes().all(is_host_octet) {
            return Err(InvalidUrl::Host);
        }
        (host, port)
    };
    let port = match port {
        None => default,
        Some(port) if port.bytes().all(|octet| octet.is_ascii_digit()) => port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or(InvalidUrl::Port)?,
        Some(_) => return Err(InvalidUrl::Port),
    };
    Ok((host, port))
}

/// Less strict than a domain, because names of containers have underscores.
const fn is_host_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_')
}

fn parse_tls(query: &str) -> Result<Option<TlsMode>, InvalidUrl> {
    let mut found = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name != "tls" {
            return Err(InvalidUrl::UnknownParameter(name.to_owned()));
        }
        let mode = match value {
            "required" => TlsMode::Required,
            "opportunistic" => TlsMode::Opportunistic,
            "none" => TlsMode::Disabled,
            _ => return Err(InvalidUrl::UnknownTls(value.to_string())),
        };
        if found.replace(mode).is_some() {
            return Err(InvalidUrl::RepeatedParameter);
        }
    }
    Ok(found)
}

fn decode_text(text: &str, part: &'static str) -> Result<String, InvalidUrl> {
    String::from_utf8(decode(text, part)?)
        .ok()
        .filter(|text| !text.contains('\0'))
        .ok_or(InvalidUrl::Text(part))
}

fn decode(text: &str, part: &'static str) -> Result<Vec<u8>, InvalidUrl> {
    let is_hex = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_hexdigit);
    let encoded = |rest: &str| is_hex(rest.as_bytes().first()) && is_hex(rest.as_bytes().get(1));
    if !text.split('%').skip(1).all(encoded) {
        return Err(InvalidUrl::PercentEncoding(part));
    }
    // Reserve the whole length: growing would leave copies of a password in memory.
    let mut octets = Vec::with_capacity(text.len());
    octets.extend(percent_decode_str(text));
    Ok(octets)
}

/// Octets to encode in a user: all except the unreserved characters (RFC 3986 section 2.3).
const USER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Octets to encode in a path: those that would end the path, or begin an encoded octet.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'%').add(b'?');

/// Maximum length of a domain in octets (RFC 5321 section 4.5.3.1.2, without the trailing dot).
const MAX_HOST: usize = 255;

#[cfg(test)]
mod tests;
