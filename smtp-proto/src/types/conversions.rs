//! Conversions between strings and the types that hold text.

use alloc::string::String;
use core::str::FromStr;

use super::{
    AddressLiteral, Argument, AuthIdentity, Body, ClientName, Domain, Etrn, ForwardPath, Host,
    InvalidAddress, InvalidArgument, InvalidParameter, InvalidText, Keyword, MailParameters, Mailbox, Notify,
    OriginalRecipient, Path, Postmaster, Query, RcptParameters, Ret, ReversePath, SolicitationKeywords, Text,
    Verb, Xtext,
};

macro_rules! as_str {
    ($($type:ty),* $(,)?) => {$(
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    )*};
}

/// Each type has a constructor that borrows a `&str`, and `into_owned`.
macro_rules! from_str {
    ($($type:ident::$make:ident -> $error:ty),* $(,)?) => {$(
        impl FromStr for $type<'static> {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                $type::$make(text).map($type::into_owned)
            }
        }

        impl<'a> TryFrom<&'a str> for $type<'a> {
            type Error = $error;

            fn try_from(text: &'a str) -> Result<Self, $error> {
                Self::$make(text)
            }
        }

        impl TryFrom<String> for $type<'static> {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }
    )*};
}

as_str! {
    AddressLiteral<'_>, Argument<'_>, AuthIdentity<'_>, Body, ClientName<'_>, Domain<'_>, Etrn<'_>, ForwardPath<'_>, Host<'_>,
    Keyword, Mailbox<'_>, Notify, OriginalRecipient<'_>, Path<'_>, Postmaster<'_>, Query<'_>, Ret, ReversePath<'_>,
    SolicitationKeywords<'_>, Text<'_>, Verb, Xtext<'_>,
}

from_str! {
    AddressLiteral::parse -> InvalidAddress,
    Argument::new -> InvalidArgument,
    AuthIdentity::parse -> InvalidParameter,
    ClientName::parse -> InvalidAddress,
    Domain::parse -> InvalidAddress,
    Etrn::parse -> InvalidAddress,
    ForwardPath::parse -> InvalidAddress,
    Host::parse -> InvalidAddress,
    Mailbox::parse -> InvalidAddress,
    MailParameters::parse -> InvalidParameter,
    OriginalRecipient::parse -> InvalidParameter,
    Path::parse -> InvalidAddress,
    Query::new -> InvalidArgument,
    RcptParameters::parse -> InvalidParameter,
    ReversePath::parse -> InvalidAddress,
    SolicitationKeywords::parse -> InvalidParameter,
    Text::new -> InvalidText,
    Xtext::parse -> InvalidParameter,
}

#[cfg(test)]
mod tests;
