//! The rule, for all combinations.

use super::*;
use crate::tlsa::{Matching, Selector, Usage};

const NEEDS: [Need; 4] = [
    Need::Usual,
    Need::RequireTls,
    Need::RequireTlsIfOffered,
    Need::Optional,
];
const VERDICTS: [StsVerdict; 5] = [
    StsVerdict::NoPolicy,
    StsVerdict::EnforceMatch,
    StsVerdict::EnforceMismatch,
    StsVerdict::TestingMatch,
    StsVerdict::TestingMismatch,
];

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn tlsa() -> [Tlsa; 3] {
    let association = Association::new(
        Usage::DaneEe,
        Selector::PublicKey,
        Matching::Sha256,
        [0; 32].into(),
    );
    let associations = Vec::from([association]);
    [
        Tlsa::Absent,
        Tlsa::Unusable,
        Tlsa::Usable {
            associations,
            base: name("a.example"),
        },
    ]
}

/// The strength of a demand. A stronger policy never gives a weaker demand.
fn strength(demand: &TlsDemand) -> u8 {
    match demand {
        TlsDemand::Plaintext => 0,
        TlsDemand::Opportunistic => 1,
        TlsDemand::Report { .. } => 2,
        TlsDemand::Encrypted => 3,
        TlsDemand::WebPki { .. } | TlsDemand::Dane { .. } => 4,
    }
}

#[test]
fn no_demand_is_weaker_than_a_policy() {
    for need in NEEDS {
        for mx in [Security::Insecure, Security::Secure] {
            for verdict in VERDICTS {
                for tlsa in tlsa() {
                    let is_dane = matches!(tlsa, Tlsa::Usable { .. });
                    let has_tlsa = tlsa != Tlsa::Absent;
                    let demand = demand(need, mx, verdict, tlsa, &name("a.example"), &[]);
                    let case = std::format!("{need:?} {mx:?} {verdict:?} {has_tlsa}: {demand:?}");
                    if need == Need::Optional {
                        assert_eq!(demand, Ok(TlsDemand::Opportunistic), "{case}");
                        continue;
                    }
                    let Ok(demand) = demand else {
                        assert!(
                            verdict == StsVerdict::EnforceMismatch || need == Need::RequireTls,
                            "{case}"
                        );
                        continue;
                    };
                    let mut least = 1;
                    if matches!(verdict, StsVerdict::TestingMatch | StsVerdict::TestingMismatch) {
                        least = 2;
                    }
                    if has_tlsa {
                        least = 3;
                    }
                    if is_dane || verdict == StsVerdict::EnforceMatch || need == Need::RequireTls {
                        least = 4;
                    }
                    assert_eq!(strength(&demand), least, "{case}");
                    assert_eq!(is_dane, matches!(demand, TlsDemand::Dane { .. }), "{case}");
                    assert_ne!(verdict, StsVerdict::EnforceMismatch, "{case}");
                }
            }
        }
    }
}

#[test]
fn require_tls_needs_a_verified_name() {
    // RFC 8689 section 4.2.1
    let ask = |mx, verdict| {
        demand(
            Need::RequireTls,
            mx,
            verdict,
            Tlsa::Absent,
            &name("a.example"),
            &[],
        )
    };
    for verdict in [StsVerdict::NoPolicy, StsVerdict::TestingMismatch] {
        assert_eq!(ask(Security::Insecure, verdict), Err(Reason::TlsNeeded));
        assert!(ask(Security::Secure, verdict).is_ok());
    }
    for verdict in [StsVerdict::EnforceMatch, StsVerdict::TestingMatch] {
        assert!(ask(Security::Insecure, verdict).is_ok());
    }
}

#[test]
fn reference_names_are_listed_once() {
    // RFC 7672 section 3.2.2
    let (base, domain, expanded) = (name("a.example"), name("d.example"), name("e.example"));
    assert_eq!(
        reference_names(base.clone(), &[&domain, &domain]),
        [base.clone(), domain.clone()]
    );
    assert_eq!(
        reference_names(base.clone(), &[&domain, &expanded]),
        [base.clone(), domain, expanded]
    );
    assert_eq!(reference_names(base.clone(), &[&base]), [base]);
}
