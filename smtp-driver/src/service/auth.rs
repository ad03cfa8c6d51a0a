//! AUTH exchanges of a service.

use smtp_proto::sasl::{AuthOutcome, AuthRequest, Mechanism, ServerMechanism};

/// One step of an AUTH exchange.
///
/// Most services only match on [`request`](Self::request), because a password or token needs one step. A mechanism of several
/// steps, such as SCRAM, keeps its state in [`exchange`](Self::exchange):
///
/// ```
/// use smtp_driver::{
///     AuthAttempt,
///     proto::{sasl::{AuthOutcome, AuthRequest, ServerMechanism}, types::Rejection},
/// };
///
/// async fn auth(attempt: &mut AuthAttempt) -> Result<AuthOutcome, Rejection> {
///     match &attempt.request {
///         AuthRequest::Password { user, password, .. } if user == "tim" && password.matches(b"tanstaaftanstaaf") => {
///             Ok(AuthOutcome::Accept("tim".into()))
///         }
///         AuthRequest::Begin { initial } => {
///             attempt.exchange = Some(mechanism_for(initial.as_ref().map_or(b"", |initial| initial.expose())).await?);
///             Ok(attempt.step())
///         }
///         AuthRequest::Step { .. } => Ok(attempt.step()),
///         _ => Ok(AuthOutcome::Reject),
///     }
/// }
///
/// async fn mechanism_for(initial: &[u8]) -> Result<Box<dyn ServerMechanism>, Rejection> {
/// #   let _ = initial;
///     // Look the user up, and return a `ScramServer` with its keys.
/// #   Err(Rejection::AUTH_FAILURE)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct AuthAttempt {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The credentials, or one response of a mechanism of several steps. Nothing in it is verified.
    pub request: AuthRequest,
    /// The state of a mechanism of several steps, kept until the next [`AuthRequest::Begin`] or the end of the exchange.
    pub exchange: Option<Box<dyn ServerMechanism>>,
}

impl AuthAttempt {
    /// Passes the client's response to the exchange. Rejects if there is no exchange, or if the request does not belong to an
    /// exchange.
    pub fn step(&mut self) -> AuthOutcome {
        let response = match &self.request {
            AuthRequest::Begin { initial } => initial.as_ref().map_or(&b""[..], |initial| initial.expose()),
            AuthRequest::Step { response } => response.expose(),
            _ => return AuthOutcome::Reject,
        };
        match &mut self.exchange {
            Some(exchange) => exchange.step(response),
            None => AuthOutcome::Reject,
        }
    }
}
