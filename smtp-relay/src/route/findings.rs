//! Findings for TLS reports (RFC 8460).

use super::Peer;
use crate::Name;

/// The result of one session, or of one lookup, for a TLS report (RFC 8460 section 4).
///
/// A route does not send reports. A program that sends them collects the findings of a day by domain, policy and host.
/// Transient network errors are not findings (section 4.3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The domain of the policy.
    pub domain: Name,
    /// The policy that was applied.
    pub policy: PolicyType,
    /// The mail exchanger. `None` if the finding concerns the policy itself.
    pub host: Option<Peer>,
    /// Success, or the kind of failure.
    pub result: Result<(), ResultType>,
}

/// The policy that was applied (RFC 8460 section 4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8460 section 4.4 has these three")]
pub enum PolicyType {
    /// `tlsa`
    Tlsa,
    /// `sts`
    Sts,
    /// `no-policy-found`
    NoPolicyFound,
}

/// The kind of failure (RFC 8460 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResultType {
    /// `starttls-not-supported`
    StarttlsNotSupported,
    /// `certificate-host-mismatch`
    CertificateHostMismatch,
    /// `certificate-expired`
    CertificateExpired,
    /// `certificate-not-trusted`
    CertificateNotTrusted,
    /// `validation-failure`: any other failure.
    ValidationFailure,
    /// `tlsa-invalid`: no TLSA record is usable.
    TlsaInvalid,
    /// `dnssec-invalid`: an answer of the DNS is bogus.
    DnssecInvalid,
    /// `dane-required`: for senders that require DANE. A route never emits it.
    DaneRequired,
    /// `sts-policy-fetch-error`
    StsPolicyFetchError,
    /// `sts-policy-invalid`
    StsPolicyInvalid,
    /// `sts-webpki-invalid`: the certificate of the policy host is invalid.
    StsWebpkiInvalid,
}

/// The reason why an MTA-STS policy could not be used (RFC 8460 section 4.3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8460 section 4.3.2.2 has these three")]
pub enum PolicyFault {
    /// The policy could not be fetched.
    Fetch,
    /// The policy is malformed.
    Invalid,
    /// The certificate of the policy host is invalid.
    WebPki,
}

impl ResultType {
    /// Returns the value in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StarttlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::DaneRequired => "dane-required",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
        }
    }
}

impl PolicyType {
    /// Returns the value in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tlsa => "tlsa",
            Self::Sts => "sts",
            Self::NoPolicyFound => "no-policy-found",
        }
    }
}

impl From<PolicyFault> for ResultType {
    fn from(fault: PolicyFault) -> Self {
        match fault {
            PolicyFault::Fetch => Self::StsPolicyFetchError,
            PolicyFault::Invalid => Self::StsPolicyInvalid,
            PolicyFault::WebPki => Self::StsWebpkiInvalid,
        }
    }
}
