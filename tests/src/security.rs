//! The settings of a story about TLS and AUTH.

use smtp_proto::{
    TlsInfo,
    client::{self, Fallback, Login},
    sasl::{Credentials, Mechanism, PlaintextAuth},
    server,
    types::Extension,
};

use crate::octets::unescape;

/// The TLS parameters of a story, and its users.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Security {
    /// The parameters of TLS.
    pub info: TlsInfo,
    /// True with implicit TLS.
    pub tls_first: bool,
    /// The users of the server application.
    pub users: Vec<User>,
    /// True if the server application trusts the AUTH parameter of authenticated clients.
    pub trusts_originators: bool,
    /// The challenge of CRAM-MD5.
    pub challenge: String,
}

/// A user of the server application.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct User {
    /// The name.
    pub name: String,
    /// The password or token.
    pub secret: String,
    /// Further identities that this user may act as.
    pub may_be: Vec<String>,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            info: TlsInfo::default(),
            tls_first: false,
            users: Vec::new(),
            trusts_originators: false,
            challenge: "<1896.697170952@postoffice.reston.mci.net>".to_owned(),
        }
    }
}

impl Security {
    /// `tls ...`
    pub(crate) fn set_tls(&mut self, what: &str, value: &str) -> Result<(), String> {
        match what {
            "first" => self.tls_first = true,
            "verified" => self.info.peer_verified = true,
            "certificate" => {
                self.info.peer_verified = true;
                self.info.peer_certificate = Some(value.as_bytes().to_vec());
            }
            "name" => self.info.server_name = Some(value.to_owned()),
            "binding" => self.info.channel_binding = Some([b'b'; 32]),
            _ => return Err("tls first, verified, certificate, name or binding".to_owned()),
        }
        Ok(())
    }

    /// `user name secret other...`
    pub(crate) fn add_user(&mut self, text: &str) -> Result<(), String> {
        let mut words = text
            .split(' ')
            .map(word)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter();
        self.users.push(User {
            name: words.next().unwrap_or_default(),
            secret: words.next().ok_or("a password is missing")?,
            may_be: words.collect(),
        });
        Ok(())
    }
}

/// Parses `server ...` about TLS and AUTH. Returns `None` for other settings.
pub(crate) fn set_server(config: &mut server::Config, what: &str, value: &str) -> Option<Result<(), String>> {
    match what {
        "auth" => {
            let mechanisms: Result<Vec<_>, _> = value.split(' ').map(mechanism).collect();
            return Some(mechanisms.map(|mechanisms| config.offer_auth(mechanisms)));
        }
        "plaintext-auth" => return Some(plaintext_auth(value).map(|policy| config.plaintext_auth = policy)),
        "auth-required" => config.auth = server::Auth::Required,
        "starttls" => config.extensions.add(Extension::StartTls),
        "tls-required" => config.tls = server::Tls::Required,
        _ => return None,
    }
    Some(Ok(()))
}

/// Parses `client ...` about TLS and AUTH. Returns `None` for other settings.
pub(crate) fn set_client(config: &mut client::Config, what: &str, value: &str) -> Option<Result<(), String>> {
    let result = match what {
        "tls" => client_tls(value).map(|policy| config.tls = policy),
        "login" | "token" | "external" | "anonymous" => {
            credentials(what, value).map(|credentials| config.login = Some(Login::new(credentials)))
        }
        "plaintext-auth" => plaintext_auth(value).map(|policy| config.plaintext_auth = policy),
        "mechanism" | "act-as" | "fallback" => match &mut config.login {
            None => Err("say first who logs in".to_owned()),
            Some(login) => set_login(login, what, value),
        },
        _ => return None,
    };
    Some(result)
}

/// `login ann pw`, `token ann tok`, `external`, `anonymous trace`.
pub(crate) fn credentials(kind: &str, value: &str) -> Result<Credentials, String> {
    let (user, secret) = value.split_once(' ').unwrap_or((value, ""));
    let (user, secret) = (word(user)?, word(secret)?);
    Ok(match kind {
        "login" => Credentials::password(user, secret),
        "token" => Credentials::token(user, secret),
        "external" => Credentials::external(),
        "anonymous" => Credentials::anonymous(word(value)?),
        _ => return Err("login, token, external or anonymous".to_owned()),
    })
}

fn word(text: &str) -> Result<String, String> {
    String::from_utf8(unescape(text)?).map_err(|error| error.to_string())
}

pub(crate) fn mechanism(name: &str) -> Result<Mechanism, String> {
    Mechanism::parse(name).map_err(|error| error.to_string())
}

fn set_login(login: &mut Login, what: &str, value: &str) -> Result<(), String> {
    match what {
        "mechanism" => login.mechanism = Some(mechanism(value)?),
        "fallback" if value == "any-refusal" => login.fallback = Fallback::AnyRefusal,
        "fallback" => return Err("fallback any-refusal".to_owned()),
        _ => login.credentials = login.credentials.clone().with_authorization_id(value),
    }
    Ok(())
}

fn client_tls(text: &str) -> Result<client::Tls, String> {
    match text {
        "required" => Ok(client::Tls::Required),
        "opportunistic" => Ok(client::Tls::Opportunistic),
        "disabled" => Ok(client::Tls::Disabled),
        _ => Err("required, opportunistic or disabled".to_owned()),
    }
}

fn plaintext_auth(text: &str) -> Result<PlaintextAuth, String> {
    match text {
        "forbid" => Ok(PlaintextAuth::Forbid),
        "non-plaintext" => Ok(PlaintextAuth::NonPlaintextMechanisms),
        "insecure" => Ok(PlaintextAuth::Insecure),
        _ => Err("forbid, non-plaintext or insecure".to_owned()),
    }
}
