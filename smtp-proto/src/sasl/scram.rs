//! SCRAM.
use super::{Cancel, ClientMechanism, Context, Mechanism, Secret};

/// The client's side.
#[derive(Debug)]
pub(super) struct ScramClient;

impl ScramClient {
    pub(super) fn new(_: Mechanism, _: &str, _: &Secret, _: Option<&str>, _: &Context<'_>) -> Option<Self> {
        None
    }
}
impl ClientMechanism for ScramClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::SCRAM_SHA_256
    }
    fn initial(&mut self) -> Option<Secret> {
        None
    }
    fn respond(&mut self, _: &[u8]) -> Result<Secret, Cancel> {
        Err(Cancel::Unexpected)
    }
    fn finish(&mut self) -> Result<(), Cancel> {
        Err(Cancel::ServerNotProven)
    }
}
