//! Who may log in to the `server` examples, and the verdict on what a client shows.

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc};

use smtp_proto::sasl::{
    AuthOutcome, AuthRequest, Context, CramMd5Server, Mechanism, ScramKeys, ScramServer, Secret,
    ServerMechanism, cram_md5_user, prepare, scram_user,
};

/// What is offered to those who have a password, the strongest first.
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

/// What is offered to those who have a token.
const BY_TOKEN: [Mechanism; 2] = [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2];

/// Octets of a salt: enough that no two users have the same.
const SALT: usize = 16;

/// Most characters of a name in a log.
const LOGGED: usize = 255;

/// The users of a server. To clone it is cheap.
///
/// The keys of SCRAM are derived once, at the start, and PLAIN, LOGIN and SCRAM go by them alone. A real server derives
/// them when the password is set, stores them (salt, iterations, [`stored_key`](ScramKeys::stored_key),
/// [`server_key`](ScramKeys::server_key)), reads them with [`ScramKeys::from_parts`], and forgets the password: who
/// steals such a table has still to guess. Here the password stays because CRAM-MD5 cannot do without it, which is a
/// reason not to offer CRAM-MD5.
#[derive(Clone)]
pub struct Users(Arc<Table>);

struct Table {
    accounts: HashMap<String, Account>,
    tokens: Vec<(String, Secret)>,
    /// What the salts of users that are not known are made of.
    seed: Secret,
}

struct Account {
    password: Secret,
    sha_1: ScramKeys,
    sha_256: ScramKeys,
    sha_512: ScramKeys,
}

/// One client's attempt to log in, over all the questions that it takes. Each session has one; begin anew with the
/// default when the machine says that an exchange ended without an answer.
#[derive(Debug, Default)]
pub struct Attempt {
    /// The exchange of a mechanism that takes several steps.
    exchange: Option<Box<dyn ServerMechanism>>,
    /// Whom the client says it is.
    user: Option<String>,
}

impl Users {
    /// Users with passwords, and users with bearer tokens.
    ///
    /// # Errors
    ///
    /// Whose name, password or token cannot be used. It does not show passwords and tokens.
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
        })))
    }

    /// The mechanisms to offer, the strongest first; none when there are no users.
    pub fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let passwords = (!self.0.accounts.is_empty()).then_some(BY_PASSWORD);
        let tokens = (!self.0.tokens.is_empty()).then_some(BY_TOKEN);
        passwords
            .into_iter()
            .flatten()
            .chain(tokens.into_iter().flatten())
    }

    /// Whether there is anybody who can log in.
    #[must_use]
    pub fn can_log_in(&self) -> bool {
        self.mechanisms().next().is_some()
    }

    /// Says what an [`Event::Auth`](smtp_proto::server::Event::Auth) is worth, for
    /// [`answer_auth`](smtp_proto::server::Server::answer_auth). `context` is what the server knows of the session.
    ///
    /// A user that is not known is refused as a wrong password is, after the same work. For PLAIN and LOGIN that is
    /// some milliseconds: a server with many clients would have it done by another thread.
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
            // Nobody in particular is not to send mail, and certificates say nothing here.
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

    /// The server's side of SCRAM with a user who is known or not.
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

    /// Who has this password, found by deriving the keys anew.
    fn by_password(&self, user: &str, password: &Secret) -> Option<String> {
        let name = prepared(user)?;
        let account = self.0.accounts.get(&name);
        let keys = match account {
            Some(account) => account.sha_256.clone(),
            None => self.decoy(Mechanism::SCRAM_SHA_256, &name)?,
        };
        let mechanism = Mechanism::SCRAM_SHA_256;
        let shown = ScramKeys::derive(mechanism, password, keys.salt(), keys.iterations()).ok()?;
        // Secrets are compared in a time that does not tell where they differ.
        let same = shown.stored_key() == keys.stored_key();
        (same && account.is_some()).then_some(name)
    }

    /// Who has this token. All are looked at, whichever it is.
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
    /// The line for a log that says that a login failed, by what or why, without secrets and control characters.
    #[must_use]
    pub fn failure(&self, by: Mechanism, peer: IpAddr) -> String {
        format!("login failed{} by {by} from {peer}", self.who())
    }

    /// The same for an exchange that ended without an answer.
    #[must_use]
    pub fn end(&self, why: impl fmt::Display, peer: IpAddr) -> String {
        format!("login failed{} from {peer}: {why}", self.who())
    }

    /// Takes a response, and ends the exchange with anything but a challenge.
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

/// A text of letters and digits that nobody can guess.
///
/// # Errors
///
/// When this computer gives no random octets.
pub fn random_text() -> Result<String, String> {
    let text = random()?.map(|octet| format!("{octet:02x}")).concat();
    Ok(text)
}

/// Random octets of the provider of cryptography that TLS uses.
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

/// Whether a user asks to act as nobody else.
fn is_oneself(asked: Option<&str>, name: &str) -> bool {
    asked.is_none_or(|asked| prepared(asked).as_deref() == Some(name))
}

/// A name in the one form that all its spellings have.
fn prepared(name: &str) -> Option<String> {
    let name = prepare(name).ok()?;
    (!name.is_empty()).then(|| name.into_owned())
}

#[cfg(test)]
mod tests;
