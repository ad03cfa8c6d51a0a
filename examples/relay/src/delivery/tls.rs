//! The settings of TLS that a demand needs.

use smtp_relay::{route::TlsDemand, tlsa::Association};
use smtp_rustls::{ClientSettings, ClientTls, Dane, Error, Roots, Tlsa};

/// The use of TLS in a session.
#[derive(Clone, Debug)]
pub(super) enum Use {
    /// None.
    Plaintext,
    /// STARTTLS as these settings say: [`ClientTls::policy`].
    Tls(ClientTls),
}

/// Makes the settings for a demand. `host` is the name or address of the host, for SNI where the demand has no name.
///
/// # Errors
///
/// If a name or record cannot be used. Then the host is not used: no error leads to a weaker demand.
pub(super) fn settings(demand: &TlsDemand, host: &str, roots: Option<&Roots>) -> Result<Use, Error> {
    let settings = match demand {
        TlsDemand::Plaintext => return Ok(Use::Plaintext),
        TlsDemand::Opportunistic => ClientSettings::opportunistic_unverified().for_server(host)?,
        // The certificate is not looked at, because this relay sends no TLS reports.
        TlsDemand::Report { name } => ClientSettings::opportunistic_unverified().for_server(name.as_str())?,
        TlsDemand::Encrypted => ClientSettings::encrypted_unverified().for_server(host)?,
        TlsDemand::Dane { associations, names } => {
            let mut names = names.iter();
            let base = names.next().map_or(host, |name| name.as_str());
            let dane = Dane::new(associations.iter().map(record), base)?;
            ClientTls::dane(names.try_fold(dane, |dane, name| dane.or_name(name.as_str()))?)?
        }
        TlsDemand::WebPki { name } => match roots {
            Some(roots) => ClientTls::trusting(roots, name.as_str())?,
            None => ClientTls::platform(name.as_str())?,
        },
    };
    Ok(Use::Tls(settings))
}

fn record(association: &Association) -> Tlsa {
    let record = association.to_record();
    Tlsa::new(
        record.usage(),
        record.selector(),
        record.matching(),
        record.data(),
    )
}

#[cfg(test)]
mod tests {
    use smtp_proto::client::Tls;
    use smtp_relay::{
        Name,
        tlsa::{Matching, Selector, Usage},
    };

    use super::*;

    #[test]
    fn no_demand_is_weakened() {
        let name = Name::parse("mx1.example.org").unwrap();
        let association = Association::new(Usage::DaneEe, Selector::PublicKey, Matching::Sha256, vec![1; 32]);
        let dane = TlsDemand::Dane {
            associations: vec![association],
            names: vec![name.clone()],
        };
        let demands = [
            (TlsDemand::Plaintext, None),
            (TlsDemand::Opportunistic, Some(Tls::Opportunistic)),
            (TlsDemand::Report { name: name.clone() }, Some(Tls::Opportunistic)),
            (TlsDemand::Encrypted, Some(Tls::Required)),
            (TlsDemand::WebPki { name }, Some(Tls::Required)),
            (dane, Some(Tls::Required)),
        ];
        for (demand, expected) in demands {
            let policy = match settings(&demand, "mx1.example.org", None).unwrap() {
                Use::Plaintext => None,
                Use::Tls(tls) => Some(tls.policy()),
            };
            assert_eq!(policy, expected, "{demand:?}");
            assert_eq!(
                demand.permits_plaintext(),
                policy != Some(Tls::Required),
                "{demand:?}"
            );
        }
    }
}
