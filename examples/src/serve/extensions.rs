//! Extensions that the example `server` offers by a flag.

use std::num::NonZeroU32;

use clap::{Args, value_parser};
use smtp_proto::{
    server::Config,
    types::{
        Extension, FutureReleaseLimits, Priority, RcptParameters, Rejection, SolicitationKeywords, Timestamp,
    },
};

/// The rejection for a message of a refused class (RFC 3865 section 2.4).
const REFUSED_CLASS: Rejection = Rejection::from_static(
    550,
    (5, 7, 1),
    "the class in the Solicitation field is not accepted",
);

/// The rejection for a message whose classes differ from those of MAIL (RFC 3865 section 2.3).
const OTHER_CLASSES: Rejection =
    Rejection::from_static(550, (5, 7, 1), "SOLICIT and the Solicitation field are different");

/// Extensions.
#[derive(Clone, Debug, Default, Args)]
#[non_exhaustive]
pub struct ExtensionFlags {
    /// Offer DELIVERBY, with this minimum for BY in mode R
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(..=999_999_999))]
    pub deliver_by: Option<u32>,
    /// Offer FUTURERELEASE to authenticated clients, for at most this time
    #[arg(long, value_name = "SECONDS")]
    pub future_release: Option<NonZeroU32>,
    /// Offer MT-PRIORITY; only authenticated clients may raise a priority
    #[arg(long)]
    pub mt_priority: bool,
    /// Offer RRVS, with the time of the last change of owners (default: owners never change)
    #[arg(long, value_name = "TIMESTAMP", num_args = 0..=1, require_equals = true)]
    pub rrvs: Option<Option<Timestamp>>,
    /// Offer NO-SOLICITING, and reject mail of these classes (separated by commas)
    #[arg(long, value_name = "KEYWORDS", value_parser = classes)]
    pub no_soliciting: Option<SolicitationKeywords<'static>>,
    /// Offer ETRN for the domains of --domain
    #[arg(long)]
    pub etrn: bool,
    /// Offer PRDR: a reply for each recipient after the message
    #[arg(long)]
    pub prdr: bool,
}

impl ExtensionFlags {
    pub(super) fn apply(&self, config: &mut Config) {
        let offered = [
            self.deliver_by.map(|least| Extension::DeliverBy(Some(least))),
            self.mt_priority
                .then(|| Extension::mt_priority("").ok())
                .flatten(),
            self.rrvs.map(|_| Extension::Rrvs),
            self.no_soliciting
                .clone()
                .map(|classes| Extension::NoSoliciting(Some(classes))),
            self.etrn.then_some(Extension::Etrn),
            self.prdr.then_some(Extension::Prdr),
        ];
        config.extensions.extend(offered.into_iter().flatten());
    }

    /// Returns FUTURERELEASE with the latest time of release, counted from now. Offer it only to authenticated clients,
    /// because held messages take space (RFC 4865 section 6).
    pub(crate) fn future_release(&self, now: Timestamp) -> Option<Extension<'static>> {
        let interval = self.future_release?;
        let latest = now.saturating_add(interval.get().into());
        Some(Extension::FutureRelease(FutureReleaseLimits::new(
            interval, latest,
        )))
    }

    /// Returns the priority of a message if it differs from the client's: only authenticated clients may raise it (RFC 6710
    /// section 4.1).
    pub(crate) fn changed_priority(given: Option<Priority>, identity: Option<&str>) -> Option<Priority> {
        let lowered = given?.min(Priority::default());
        (identity.is_none() && given != Some(lowered)).then_some(lowered)
    }

    /// Checks that the owner of a recipient's mailbox did not change since the time in RRVS.
    pub(crate) fn check_owner(&self, parameters: &RcptParameters<'_>) -> Result<(), Rejection> {
        match (parameters.rrvs(), self.rrvs) {
            (Some(asked), Some(Some(owned))) if asked.since() < owned => Err(Rejection::OWNER_CHANGED),
            _ => Ok(()),
        }
    }

    /// Checks that the classes in the `Solicitation` field of a message are accepted, and are the same as in MAIL.
    pub(crate) fn check_classes(
        &self,
        given: Option<&SolicitationKeywords<'_>>,
        field: Option<&str>,
    ) -> Result<(), Rejection> {
        let (Some(refused), Some(field)) = (&self.no_soliciting, field) else {
            return Ok(());
        };
        if field.split(',').any(|class| refused.contains(class.trim())) {
            return Err(REFUSED_CLASS);
        }
        match given {
            Some(given) if !given.as_str().eq_ignore_ascii_case(field) => Err(OTHER_CLASSES),
            _ => Ok(()),
        }
    }
}

/// Parses classes, and checks that they fit into a line of the reply to EHLO.
fn classes(words: &str) -> Result<SolicitationKeywords<'static>, String> {
    let classes = SolicitationKeywords::parse(words.to_owned()).map_err(|error| error.to_string())?;
    match Extension::no_soliciting(classes.clone()) {
        Ok(_) => Ok(classes),
        Err(error) => Err(error.to_string()),
    }
}
