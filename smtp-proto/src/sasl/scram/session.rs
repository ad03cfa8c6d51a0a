//! Sessions of `rsasl`, for both sides.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::scram;
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::prelude::{
    ChannelBindingCallback, Mechname, Registry, SASLClient, SASLConfig, SASLServer, Session, SessionError,
    State, Validation,
};
use rsasl::property::{AuthId, AuthzId, Password};
use rsasl::validate::{Validate, ValidationError};

use super::super::{Mechanism, Secret};
use super::ScramKeys;

/// The only supported type of channel binding (RFC 9266): `tls-unique` is broken before TLS 1.3 and undefined in it.
pub(super) const BINDING_TYPE: &str = "tls-exporter";

static SHA_1: &[rsasl::prelude::Mechanism] = &[scram::SCRAM_SHA1];
static SHA_1_PLUS: &[rsasl::prelude::Mechanism] = &[scram::SCRAM_SHA1_PLUS];
static SHA_256: &[rsasl::prelude::Mechanism] = &[scram::SCRAM_SHA256];
static SHA_256_PLUS: &[rsasl::prelude::Mechanism] = &[scram::SCRAM_SHA256_PLUS];
static SHA_512: &[rsasl::prelude::Mechanism] = &[scram::SCRAM_SHA512];
static SHA_512_PLUS: &[rsasl::prelude::Mechanism] = &[scram::SCRAM_SHA512_PLUS];

/// Marker for a verified client proof.
#[derive(Debug)]
pub(super) struct Proven;

impl Validation for Proven {
    type Value = ();
}

/// The channel binding of this session.
#[derive(Debug)]
pub(super) struct Binding(Option<Secret>);

impl Binding {
    pub(super) fn new(octets: Option<&[u8]>) -> Self {
        Self(octets.map(Secret::from))
    }
}

impl ChannelBindingCallback for Binding {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        self.0
            .as_ref()
            .filter(|_| name == BINDING_TYPE)
            .map(Secret::expose)
    }
}

/// The client's answers to the callbacks of `rsasl`.
#[derive(Debug)]
pub(super) struct ClientFacts {
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) authorization_id: Option<String>,
    /// The client uses or supports channel binding. If `false`, it sends the flag `n`.
    pub(super) able: bool,
}

impl SessionCallback for ClientFacts {
    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        if let Some(identity) = &self.authorization_id {
            request.satisfy::<AuthzId>(identity)?;
        }
        request
            .satisfy::<AuthId>(&self.user)?
            .satisfy::<Password>(self.password.expose())?;
        Ok(())
    }

    fn enable_channel_binding(&self) -> bool {
        self.able
    }
}

impl SessionCallback for ScramKeys {
    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        request.satisfy::<ScramStoredPassword<'static>>(&ScramStoredPassword::new(
            self.iterations(),
            self.salt(),
            self.stored_key().expose(),
            self.server_key().expose(),
        ))?;
        Ok(())
    }

    fn validate(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        validate.finalize::<Proven>(());
        Ok(())
    }
}

/// Starts a session as a client. Returns `None` for other mechanisms.
pub(super) fn client(
    mechanism: Mechanism,
    facts: ClientFacts,
    binding: Binding,
) -> Option<Session<rsasl::validate::NoValidation, Binding>> {
    let (config, name) = configure(mechanism, facts)?;
    SASLClient::with_cb(config, binding)
        .start_suggested_iter([name])
        .ok()
}

/// Starts a session as a server. Returns `None` for other mechanisms.
pub(super) fn server(
    mechanism: Mechanism,
    keys: ScramKeys,
    binding: Binding,
) -> Option<Session<Proven, Binding>> {
    let (config, name) = configure(mechanism, keys)?;
    SASLServer::<Proven, Binding>::with_cb(config, binding)
        .start_suggested(name)
        .ok()
}

/// Advances the exchange. After an error, do not use `session` again.
pub(super) fn step<V: Validation>(
    session: &mut Session<V, Binding>,
    message: Option<&[u8]>,
) -> Result<(State, Secret), SessionError> {
    // Reserve room for the longest SCRAM message, because a reallocation would leave a copy in memory.
    let mut written = Secret::with_capacity(message.map_or(0, <[u8]>::len) + 2048);
    let buffer: &mut Vec<u8> = written.buffer();
    let state = session.step(message, buffer)?;
    Ok((state, written))
}

fn configure(
    mechanism: Mechanism,
    callback: impl SessionCallback + 'static,
) -> Option<(Arc<SASLConfig>, &'static Mechname)> {
    let mechanisms = match mechanism {
        Mechanism::SCRAM_SHA_1 => SHA_1,
        Mechanism::SCRAM_SHA_1_PLUS => SHA_1_PLUS,
        Mechanism::SCRAM_SHA_256 => SHA_256,
        Mechanism::SCRAM_SHA_256_PLUS => SHA_256_PLUS,
        Mechanism::SCRAM_SHA_512 => SHA_512,
        Mechanism::SCRAM_SHA_512_PLUS => SHA_512_PLUS,
        _ => return None,
    };
    let name = mechanisms.first()?.mechanism;
    let config = SASLConfig::builder()
        .with_registry(Registry::with_mechanisms(mechanisms))
        .with_callback(callback)
        .ok()?;
    Some((config, name))
}
