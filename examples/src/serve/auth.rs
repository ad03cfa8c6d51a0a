//! AUTH of the example `server`.

use clap::Args;
use smtp_proto::{
    sasl::{PlaintextAuth, Secret},
    server::{Auth, Config},
    types::Protocol,
};

use super::TlsFlags;
use crate::users::Users;

/// The users that may authenticate, with their secrets.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct AuthFlags {
    /// Accept this user, who may send to every domain (repeatable)
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub user: Vec<Secret>,
    /// Accept this bearer token for this user (repeatable)
    #[arg(long, value_name = "NAME:TOKEN")]
    pub token: Vec<Secret>,
    /// Accept mail over SMTP from authenticated users only
    #[arg(long)]
    pub require_auth: bool,
    /// Accept passwords and tokens without TLS, too: an eavesdropper can use them
    #[arg(long)]
    pub insecure_auth: bool,
}

impl AuthFlags {
    pub(super) fn users(&self, tls: &TlsFlags) -> Result<Users, String> {
        let pairs = |flag: &'static str, values: &[Secret]| {
            let pairs = values.iter().map(|value| {
                let (name, secret) = value
                    .expose_str()
                    .and_then(|value| value.split_once(':'))
                    .ok_or_else(|| format!("{flag}: give a name, a colon and a password or token"))?;
                Ok((name.to_owned(), Secret::from(secret)))
            });
            pairs.collect::<Result<Vec<_>, String>>()
        };
        let users = Users::new(pairs("--user", &self.user)?, pairs("--token", &self.token)?)
            .map_err(|why| format!("--user and --token: {why}"))?;
        let users = if tls.requests_certificates() {
            users.with_certificates()
        } else {
            users
        };
        if self.require_auth && !users.can_log_in() {
            return Err("--require-auth: give --user, --token or --client-ca, or nobody can send".into());
        }
        if self.insecure_auth && !users.can_log_in() {
            return Err("--insecure-auth: give --user or --token, or it has no effect".into());
        }
        if users.can_log_in() && !tls.is_given() && !self.insecure_auth {
            return Err(
                "--user and --token: AUTH needs TLS: give --cert and --key, or --self-signed; \
                 or --insecure-auth to do without"
                    .into(),
            );
        }
        Ok(users)
    }

    pub(super) fn apply(&self, config: &mut Config, users: &Users) {
        config.offer_auth(users.mechanisms());
        // LMTP clients deliver mail that was accepted before.
        if self.require_auth && config.protocol == Protocol::Smtp {
            config.auth = Auth::Required;
        }
        if self.insecure_auth {
            config.plaintext_auth = PlaintextAuth::Insecure;
        }
    }
}
