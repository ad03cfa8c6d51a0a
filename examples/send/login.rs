//! AUTH of the example `send`.

use clap::Args;
use smtp_proto::{
    client::{Config, Fallback, Login},
    sasl::{Context, Credentials, Mechanism, PlaintextAuth, Secret},
};

use super::Tls;

/// Credentials.
#[derive(Clone, Debug, Args)]
pub(crate) struct LoginFlags {
    /// Log in as this user; for EXTERNAL: act as this user; for ANONYMOUS: the trace information
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// ... with this password; OAUTHBEARER and XOAUTH2: with this token
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<Secret>,
    /// ... only by this mechanism [default: the strongest for a password that the server offers]
    #[arg(long, value_name = "MECHANISM")]
    pub(crate) auth: Option<String>,
    /// Also try the next mechanism after 535; each attempt counts as a failed login
    #[arg(long)]
    pub(crate) auth_fallback: bool,
    /// Also log in without TLS: an eavesdropper can use the password
    #[arg(long)]
    pub(crate) insecure_auth: bool,
}

impl LoginFlags {
    pub(super) fn apply(&self, config: &mut Config, tls: Tls) -> Result<(), String> {
        if self.insecure_auth {
            config.plaintext_auth = PlaintextAuth::Insecure;
        }
        config.login = self.login(tls)?;
        Ok(())
    }

    /// Returns `None` if the client does not authenticate.
    fn login(&self, tls: Tls) -> Result<Option<Login>, String> {
        let Some(credentials) = self.credentials()? else {
            return if self.insecure_auth {
                Err("--insecure-auth: give --user and --password".into())
            } else {
                Ok(None)
            };
        };
        let mut login = Login::new(credentials);
        login.mechanism = self.mechanism()?;
        if self.auth_fallback {
            login.fallback = Fallback::AnyRefusal;
        }
        if tls == Tls::None && !self.insecure_auth {
            return Err("--tls none: to log in without TLS, give --insecure-auth".into());
        }
        // Check before connecting that the credentials can be sent, because they are a fault of the flags.
        let mut context = Context::default();
        context.channel_binding = Some(&[0; 32]);
        let usable = |mechanism: &Mechanism| login.credentials.start(*mechanism, &context).is_some();
        let mechanisms = login.credentials.mechanisms();
        if let Some(mechanism) = login.mechanism
            && !mechanisms.contains(&mechanism)
        {
            return Err(format!(
                "--auth {mechanism}: this client does not know it, see --help"
            ));
        }
        if !mechanisms.iter().any(usable) {
            return Err(
                "--user and --password: a name has 1 to 255 octets and no control characters, \
                        a password is not empty, a token has letters, digits and -._~+/= only"
                    .into(),
            );
        }
        Ok(Some(login))
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        let mechanism = self.mechanism()?;
        let credentials = match (mechanism, &self.user, &self.password) {
            (None, None, None) => return Ok(None),
            (Some(Mechanism::EXTERNAL), user, None) => {
                Credentials::external().with_authorization_id(user.as_deref().unwrap_or_default())
            }
            (Some(Mechanism::ANONYMOUS), trace, None) => {
                Credentials::anonymous(trace.as_deref().unwrap_or_default())
            }
            (Some(mechanism @ (Mechanism::EXTERNAL | Mechanism::ANONYMOUS)), _, Some(_)) => {
                return Err(format!("--password: {mechanism} has none"));
            }
            (_, None, _) => return Err("--password and --auth: give --user, too".into()),
            (_, Some(_), None) => return Err("--user: give --password, too".into()),
            (Some(Mechanism::OAUTHBEARER | Mechanism::XOAUTH2), Some(user), Some(token)) => {
                Credentials::token(user, token.clone())
            }
            (_, Some(user), Some(password)) => Credentials::password(user, password.clone()),
        };
        Ok(Some(credentials))
    }

    fn mechanism(&self) -> Result<Option<Mechanism>, String> {
        let parse =
            |name: &String| Mechanism::parse(name).map_err(|error| format!("--auth {name:?}: {error}"));
        self.auth.as_ref().map(parse).transpose()
    }
}
