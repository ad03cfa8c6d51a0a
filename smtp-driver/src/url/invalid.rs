//! Faults in URLs.

use alloc::string::String;

use smtp_proto::types::InvalidAddress;

/// A fault in a URL. `Display` and `Debug` show no part of the URL that may be a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// There is no scheme.
    #[error("missing scheme: begin with smtp://, smtps://, lmtp:// or lmtp+unix://")]
    MissingScheme,
    /// The scheme is unknown.
    #[error("unknown scheme {0:?}: use smtp, smtps, lmtp or lmtp+unix")]
    UnknownScheme(String),
    /// There is no host.
    #[error("missing host")]
    MissingHost,
    /// The host is malformed.
    #[error("invalid host: use a domain in ASCII, an IPv4 address, or an IPv6 address in brackets")]
    Host,
    /// The port is malformed.
    #[error("invalid port: use a number from 1 to 65535")]
    Port,
    /// An `@` follows the host, probably because a password contains a reserved character.
    #[error("'@' after the host: in user and password, write '/' as %2F, '?' as %3F and '#' as %23")]
    LateAt,
    /// There is no user before the password.
    #[error("missing user before the password")]
    MissingUser,
    /// There is no password after the user.
    #[error("missing password: write user:password before '@'")]
    MissingPassword,
    /// In this part, a `%` does not begin an encoded octet.
    #[error("invalid percent-encoding in {0}: write '%' as %25")]
    PercentEncoding(&'static str),
    /// This part, once decoded, is not UTF-8 or contains NUL.
    #[error("invalid {0}: use UTF-8 without NUL")]
    Text(&'static str),
    /// The URL of a Unix socket has this part: a host, a login or a parameter.
    #[error("{0} in the URL of a Unix socket: write lmtp+unix:///path only")]
    UnixSocket(&'static str),
    /// The path is not a client name.
    #[error("invalid client name in the path")]
    ClientName(#[source] InvalidAddress),
    /// The parameter is unknown.
    #[error("unknown parameter {0:?}: use tls")]
    UnknownParameter(String),
    /// A parameter occurs twice.
    #[error("repeated parameter \"tls\"")]
    RepeatedParameter,
    /// The value of `tls` is unknown.
    #[error("unknown value {0:?} of tls: use required, opportunistic or none")]
    UnknownTls(String),
    /// The value of `tls` contradicts the scheme.
    #[error("smtps without required TLS: remove the parameter tls, or use the scheme smtp")]
    ImplicitTls,
    /// There is a login, and `tls` allows plaintext or an unverified server.
    #[error("login without required TLS: remove the parameter tls, or the user and password")]
    LoginWithoutTls,
    /// There is a fragment.
    #[error("'#' after the host: remove the fragment")]
    Fragment,
}
