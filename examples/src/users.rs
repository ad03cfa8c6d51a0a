//! The users of the example `server`, and the check of their credentials.

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc};

use smtp_proto::sasl::{
    AuthOutcome, AuthRequest, Context, CramMd5Server, Mechanism, ScramKeys, ScramServer, Secret,
    ServerMechanism, cram_md5_user, prepare, scram_user,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// Mechanisms for users with a password, the strongest first.
const BY_PASSWORD: [Mechanism; 9] = [
    Mechanism::SCRAM_SHA_512_PLUS,
    Mechanism::SCRAM_SHA_512,
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_1_PLUS,
    Mechanism::SCRAM_SHA_1,
    Mechanism::CRAM_MD5,
    Mechanism::PLAIN,
    Mechanism::LOGIN,
];

/// Mechanisms for users with a bearer token.
const BY_TOKEN: [Mechanism; 2] = [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2];

/// Octets of a salt, enough to make each salt unique.
const SALT: usize = 16;

/// Maximum characters of a name in a log.
const LOGGED: usize = 255;

/// The users of a server. A clone is cheap.
///
/// At the start, this example derives SCRAM keys from the passwords; PLAIN, LOGIN and SCRAM use these keys. A real server
/// derives the keys when a user sets a password. It stores only the keys (salt, iterations,
/// [`stored_key`](ScramKeys::stored_key), [`server_key`](ScramKeys::server_key)), and loads them with
/// [`ScramKeys::from_parts`]. So a stolen table contains no passwords. CRAM-MD5 needs the password itself, which is a reason
/// not to offer CRAM-MD5; this example keeps the passwords for it.
#[derive(Clone)]
pub struct Users(Arc<Table>);

struct Table {
    accounts: HashMap<String, Account>,
    tokens: Vec<(String, Secret)>,
    /// The seed for the salts of unknown users.
    seed: Secret,
    /// True if the common name in a client's certificate is the name of a user.
    certificates: bool,
}

struct Account {
    password: Secret,
    sha_1: ScramKeys,
    sha_256: ScramKeys,
    sha_512: ScramKeys,
}

/// A client's attempt to log in, through all steps of the exchange. Each session has one. Reset it to the default if an
/// exchange ends without an answer.
#[derive(Debug, Default)]
pub struct Attempt {
    /// The exchange of a mechanism of several steps.
    exchange: Option<Box<dyn ServerMechanism>>,
    /// The name that the client claims.
    user: Option<String>,
}

impl Users {
    /// Creates users with passwords, and users with bearer tokens.
    ///
    /// # Errors
    ///
    /// If a name, password or token cannot be used. Passwords and tokens are not in the message.
    pub fn new(
        passwords: impl IntoIterator<Item = (String, Secret)>,
        tokens: impl IntoIterator<Item = (String, Secret)>,
    ) -> Result<Self, String> {
        let mut accounts = HashMap::new();
        for (user, password) in passwords {
            let name = prepared(&user).ok_or_else(|| format!("{user:?} cannot be the name of a user"))?;
            let account = Account::new(password).map_err(|why| format!("the password of {name:?}: {why}"))?;
            if accounts.insert(name, account).is_some() {
                return Err(format!("{user:?} has two passwords, give one"));
            }
        }
        let mut bearers: Vec<(String, Secret)> = Vec::new();
        for (user, token) in tokens {
            let name = prepared(&user).ok_or_else(|| format!("{user:?} cannot be the name of a user"))?;
            if token.is_empty() || bearers.iter().any(|(_, other)| *other == token) {
                return Err(format!("the token of {name:?} is empty, or another user's, too"));
            }
            bearers.push((name, token));
        }
        Ok(Self(Arc::new(Table {
            accounts,
            tokens: bearers,
            seed: random()?.as_slice().into(),
            certificates: false,
        })))
    }

    /// Also accepts clients by their certificates (EXTERNAL): the common name of the subject is the name of the user. The
    /// handshake has verified the certificate.
    #[must_use]
    pub fn with_certificates(mut self) -> Self {
        if let Some(table) = Arc::get_mut(&mut self.0) {
            table.certificates = true;
        }
        self
    }

    /// The mechanisms to offer, the strongest first; none if there are no users.
    pub fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let passwords = (!self.0.accounts.is_empty()).then_some(BY_PASSWORD);
        let tokens = (!self.0.tokens.is_empty()).then_some(BY_TOKEN);
        let certificates = self.0.certificates.then_some(Mechanism::EXTERNAL);
        certificates
            .into_iter()
            .chain(passwords.into_iter().flatten())
            .chain(tokens.into_iter().flatten())
    }

    /// Returns true if there are users.
    #[must_use]
    pub fn can_log_in(&self) -> bool {
        self.mechanisms().next().is_some()
    }

    /// Returns true if there is a user with this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        let has_token = || self.0.tokens.iter().any(|(user, _)| user == name);
        self.0.accounts.contains_key(name) || has_token()
    }

    /// Checks one step of an AUTH exchange, and returns the outcome for
    /// [`answer_auth`](smtp_proto::server::Server::answer_auth). `context` has the facts of the session.
    ///
    /// Rejects an unknown user after the same work as for a wrong password, so that a client cannot find out the names of
    /// users. PLAIN and LOGIN take some milliseconds: a server with many clients should check them on another thread.
    #[must_use]
    pub fn judge(
        &self,
        mechanism: Mechanism,
        request: &AuthRequest,
        context: &Context<'_>,
        attempt: &mut Attempt,
    ) -> AuthOutcome {
        match request {
            AuthRequest::Password {
                user,
                password,
                authorization_id,
            } => {
                let known = self.by_password(user, password);
                *attempt = Attempt::of(Some(user));
                accepted(known.filter(|name| is_oneself(authorization_id.as_deref(), name)))
            }
            AuthRequest::Bearer { user, token } => {
                let owner = self.by_token(token);
                let known = owner.filter(|name| is_oneself(user.as_deref(), name));
                *attempt = Attempt::of(user.as_ref());
                accepted(known)
            }
            AuthRequest::Begin { initial } => {
                let initial = initial.as_ref().map_or(&b""[..], |initial| initial.expose());
                *attempt = self.begin(mechanism, initial, context);
                attempt.step(initial)
            }
            AuthRequest::Step { response } => {
                if mechanism == Mechanism::CRAM_MD5 {
                    attempt.user = cram_md5_user(response.expose());
                }
                attempt.step(response.expose())
            }
            AuthRequest::External {
                certificate,
                authorization_id,
            } => {
                let known = self.by_certificate(certificate);
                *attempt = Attempt::of(known.as_ref());
                accepted(known.filter(|name| is_oneself(authorization_id.as_deref(), name)))
            }
            // This example does not support ANONYMOUS.
            _ => AuthOutcome::Reject,
        }
    }

    /// Begins an exchange of several steps.
    fn begin(&self, mechanism: Mechanism, initial: &[u8], context: &Context<'_>) -> Attempt {
        let mut attempt = Attempt::default();
        if mechanism == Mechanism::CRAM_MD5 {
            attempt.exchange = self.cram_md5();
        } else if let Some(user) = scram_user(initial) {
            let exchange = self.scram(mechanism, &user, context);
            attempt.exchange = exchange.map(|exchange| Box::new(exchange) as Box<dyn ServerMechanism>);
            attempt.user = Some(user);
        }
        attempt
    }

    /// The server's side of CRAM-MD5.
    fn cram_md5(&self) -> Option<Box<dyn ServerMechanism>> {
        let unique = random_text().ok()?;
        let table = Arc::clone(&self.0);
        let lookup = move |user: &str| {
            let name = prepared(user)?;
            let password = table.accounts.get(&name)?.password.clone();
            Some((name, password))
        };
        Some(Box::new(CramMd5Server::new(
            format!("<{unique}@localhost>"),
            lookup,
        )?))
    }

    /// The server's side of SCRAM, for known and unknown users.
    fn scram(&self, mechanism: Mechanism, user: &str, context: &Context<'_>) -> Option<ScramServer> {
        let account = self.0.accounts.get(user);
        let keys = match (mechanism, account) {
            (_, None) => self.decoy(mechanism, user)?,
            (Mechanism::SCRAM_SHA_1 | Mechanism::SCRAM_SHA_1_PLUS, Some(account)) => account.sha_1.clone(),
            (Mechanism::SCRAM_SHA_512 | Mechanism::SCRAM_SHA_512_PLUS, Some(account)) => {
                account.sha_512.clone()
            }
            (_, Some(account)) => account.sha_256.clone(),
        };
        ScramServer::new(mechanism, keys, context)
    }

    fn decoy(&self, mechanism: Mechanism, user: &str) -> Option<ScramKeys> {
        ScramKeys::decoy(mechanism, user, &self.0.seed, SALT, ScramKeys::ITERATIONS).ok()
    }

    /// Returns the name of the user if the password is right. Derives the keys again.
    fn by_password(&self, user: &str, password: &Secret) -> Option<String> {
        let name = prepared(user)?;
        let account = self.0.accounts.get(&name);
        let keys = match account {
            Some(account) => account.sha_256.clone(),
            None => self.decoy(Mechanism::SCRAM_SHA_256, &name)?,
        };
        let mechanism = Mechanism::SCRAM_SHA_256;
        let shown = ScramKeys::derive(mechanism, password, keys.salt(), keys.iterations()).ok()?;
        // Keys are compared in constant time.
        let same = shown.stored_key() == keys.stored_key();
        (same && account.is_some()).then_some(name)
    }

    /// Returns the user of a certificate: the common name of its subject.
    fn by_certificate(&self, certificate: &[u8]) -> Option<String> {
        let (_, certificate) = X509Certificate::from_der(certificate)
            .ok()
            .filter(|_| self.0.certificates)?;
        let name = certificate.subject().iter_common_name().next()?.as_str().ok()?;
        prepared(name)
    }

    /// Returns the owner of this token. Compares it with all tokens, so that the time reveals nothing.
    fn by_token(&self, token: &Secret) -> Option<String> {
        let mut owner = None;
        for (name, one) in &self.0.tokens {
            if one == token {
                owner = Some(name);
            }
        }
        owner.cloned()
    }
}

/// Shows no secrets.
impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users")
            .field("passwords", &self.0.accounts.len())
            .field("tokens", &self.0.tokens.len())
            .finish()
    }
}

impl Account {
    fn new(password: Secret) -> Result<Self, String> {
        let derive = |mechanism| {
            ScramKeys::derive(mechanism, &password, &random()?, ScramKeys::ITERATIONS)
                .map_err(|error| error.to_string())
        };
        Ok(Self {
            sha_1: derive(Mechanism::SCRAM_SHA_1)?,
            sha_256: derive(Mechanism::SCRAM_SHA_256)?,
            sha_512: derive(Mechanism::SCRAM_SHA_512)?,
            password,
        })
    }
}

impl Attempt {
    /// Returns the log line for a rejected login, without secrets and control characters.
    #[must_use]
    pub fn failure(&self, by: Mechanism, peer: IpAddr) -> String {
        format!("login failed{} by {by} from {peer}", self.who())
    }

    /// Returns the log line for an exchange that ended without an answer.
    #[must_use]
    pub fn end(&self, why: impl fmt::Display, peer: IpAddr) -> String {
        format!("login failed{} from {peer}: {why}", self.who())
    }

    /// Passes a response to the exchange. Drops the exchange unless it continues.
    fn step(&mut self, response: &[u8]) -> AuthOutcome {
        let progress = self
            .exchange
            .as_mut()
            .map_or(AuthOutcome::Reject, |exchange| exchange.step(response));
        if !matches!(progress, AuthOutcome::Challenge(_)) {
            self.exchange = None;
        }
        progress
    }

    fn of(user: Option<&String>) -> Self {
        Self {
            user: user.cloned(),
            ..Self::default()
        }
    }

    fn who(&self) -> String {
        self.user.as_ref().map_or_else(String::new, |user| {
            let user: String = user.chars().take(LOGGED).collect();
            format!(" for {user:?}")
        })
    }
}

/// Returns a random text of letters and digits, for secrets.
///
/// # Errors
///
/// If this computer returns no random octets.
pub fn random_text() -> Result<String, String> {
    let text = random()?.map(|octet| format!("{octet:02x}")).concat();
    Ok(text)
}

/// Returns random octets from the cryptography provider of TLS.
fn random() -> Result<[u8; SALT], String> {
    let mut octets = [0; SALT];
    match smtp_rustls::provider().secure_random.fill(&mut octets) {
        Ok(()) => Ok(octets),
        Err(_) => Err("this computer gives no random octets".to_owned()),
    }
}

fn accepted(identity: Option<String>) -> AuthOutcome {
    identity.map_or(AuthOutcome::Reject, AuthOutcome::Accept)
}

/// Returns true if the user does not request to act as another user.
fn is_oneself(asked: Option<&str>, name: &str) -> bool {
    asked.is_none_or(|asked| prepared(asked).as_deref() == Some(name))
}

/// Returns the normalised form of a name.
fn prepared(name: &str) -> Option<String> {
    let name = prepare(name).ok()?;
    (!name.is_empty()).then(|| name.into_owned())
}

#[cfg(test)]
mod tests;
