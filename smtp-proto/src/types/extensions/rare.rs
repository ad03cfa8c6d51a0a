//! Values of extensions that few servers offer.

use alloc::boxed::Box;

use crate::types::{ClientAttributes, Extension, FutureReleaseLimits, Keyword, SolicitationKeywords};

/// The values, each empty without its extension.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Rare {
    pub(super) future_release: FutureReleaseLimits,
    pub(super) priority_policy: Option<Box<str>>,
    pub(super) deliver_by_min: Option<u32>,
    pub(super) no_soliciting: Option<SolicitationKeywords<'static>>,
    pub(super) xclient: ClientAttributes,
    pub(super) xforward: ClientAttributes,
    pub(super) burl: Option<Box<str>>,
}

impl Rare {
    /// The largest number in the grammar of `by-time`: nine digits (RFC 2852 section 4).
    const MAX_DELIVER_BY: u32 = 999_999_999;

    /// Sets the value of an extension that has one here.
    pub(super) fn set(&mut self, extension: Extension<'_>) {
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        match extension {
            Extension::FutureRelease(limits) => self.future_release = limits,
            Extension::MtPriority(policy) => self.priority_policy = text(&policy),
            Extension::DeliverBy(min) => self.deliver_by_min = min.map(|min| min.min(Self::MAX_DELIVER_BY)),
            Extension::NoSoliciting(classes) => {
                self.no_soliciting = classes.map(SolicitationKeywords::into_owned);
            }
            Extension::Xclient(attributes) => self.xclient = attributes,
            Extension::Xforward(attributes) => self.xforward = attributes,
            Extension::Burl(params) => self.burl = text(&params),
            _ => {}
        }
    }

    /// Removes the value of an extension that has one here.
    pub(super) fn remove(&mut self, keyword: Keyword) {
        match keyword {
            Keyword::FutureRelease => self.future_release = FutureReleaseLimits::default(),
            Keyword::MtPriority => self.priority_policy = None,
            Keyword::DeliverBy => self.deliver_by_min = None,
            Keyword::NoSoliciting => self.no_soliciting = None,
            Keyword::Xclient => self.xclient = ClientAttributes::default(),
            Keyword::Xforward => self.xforward = ClientAttributes::default(),
            Keyword::Burl => self.burl = None,
            _ => {}
        }
    }
}
