//! The DNS of the system, validated here by DNSSEC.

use std::{net::SocketAddr, path::Path, sync::Arc};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        dnssec::{Proof, TrustAnchors},
        op::ResponseCode,
        rr::{Name as DnsName, RData, Record, RecordType},
    },
};
use smtp_relay::{
    Name,
    route::{Answer, Denied, DnsFault, Family, Mx, Question, Security},
    tlsa::Tlsa,
};

use super::{Boxed, Dns, LookupFailed};

/// The name servers of this computer. They are not believed: each answer is validated from the root on.
pub(super) struct SystemDns(TokioResolver);

impl SystemDns {
    /// Makes a resolver that asks the servers of this computer, or the one at `server`. Chains of trust begin at the
    /// keys in the file `anchor`; without it at those of the root.
    pub(super) fn new(server: Option<SocketAddr>, anchor: Option<&Path>) -> Result<Self, String> {
        let mut builder = match server {
            None => TokioResolver::builder_tokio().map_err(|error| error.to_string())?,
            Some(address) => {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                server
                    .connections
                    .iter_mut()
                    .for_each(|connection| connection.port = address.port());
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.validate = true;
        options.edns0 = true;
        // The records of aliases are part of the chain whose security counts.
        options.preserve_intermediates = true;
        if let Some(path) = anchor {
            // The option of the same name only turns validation on: the resolver does not read the file.
            let anchors = TrustAnchors::from_file(path);
            let anchors = anchors.map_err(|error| format!("--dns-anchor {}: {error}", path.display()))?;
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        Ok(Self(builder.build().map_err(|error| error.to_string())?))
    }

    /// Looks records up. Names are absolute: no search list applies.
    async fn find(&self, owner: &str, kind: RecordType) -> Result<Vec<Record>, Answer> {
        let unusable = |_| Answer::Failed(DnsFault::Unavailable);
        let mut name = DnsName::from_ascii(owner).map_err(unusable)?;
        name.set_fqdn(true);
        match self.0.lookup(name, kind).await {
            Ok(lookup) => Ok(lookup.answers().to_vec()),
            Err(error) => Err(denial(&error)),
        }
    }

    async fn answer(&self, question: Question) -> Answer {
        let kind = match &question {
            Question::Mx(_) => RecordType::MX,
            Question::Addresses(_, Family::V4) => RecordType::A,
            Question::Addresses(_, Family::V6) => RecordType::AAAA,
            Question::Cname(_) => RecordType::CNAME,
            Question::Tlsa { .. } => RecordType::TLSA,
            _ => return Answer::Failed(DnsFault::Unavailable),
        };
        let records = match self.find(&question.owner(), kind).await {
            Ok(records) => records,
            Err(answer) => return answer,
        };
        let security = match security(&records) {
            Ok(security) => security,
            Err(fault) => return Answer::Failed(fault),
        };
        let wanted: Vec<_> = records
            .iter()
            .filter(|record| record.record_type() == kind)
            .collect();
        let Some(end) = wanted.first().map(|record| record.name.to_ascii()) else {
            let denied = Denied::Type;
            return Answer::None { denied, security };
        };
        if kind == RecordType::CNAME {
            return Answer::Cname { security };
        }
        if kind == RecordType::TLSA {
            let records = wanted.iter().filter_map(|record| tlsa(&record.data)).collect();
            return Answer::Tlsa { records, security };
        }
        let Ok(name) = Name::parse(&end) else {
            return Answer::Failed(DnsFault::Unavailable);
        };
        if kind == RecordType::MX {
            let records = wanted.iter().filter_map(|record| match &record.data {
                RData::MX(mx) => Some(Mx::new(mx.preference, &mx.exchange.to_ascii())),
                _ => None,
            });
            let records = records.collect();
            return Answer::Mx {
                name,
                records,
                security,
            };
        }
        let addresses = wanted.iter().filter_map(|record| match &record.data {
            RData::A(address) => Some(address.0.into()),
            RData::AAAA(address) => Some(address.0.into()),
            _ => None,
        });
        Answer::Addresses {
            name,
            addresses: addresses.collect(),
            security,
        }
    }
}

impl Dns for SystemDns {
    fn answer(&self, question: Question) -> Boxed<'_, Answer> {
        Box::pin(self.answer(question))
    }

    fn texts(&self, name: String) -> Boxed<'_, Result<Vec<Vec<u8>>, LookupFailed>> {
        Box::pin(async move {
            let records = match self.find(&name, RecordType::TXT).await {
                Ok(records) => records,
                Err(Answer::None { .. }) => return Ok(Vec::new()),
                Err(_) => return Err(LookupFailed),
            };
            security(&records).map_err(|_| LookupFailed)?;
            let texts = records.iter().filter_map(|record| match &record.data {
                RData::TXT(text) => Some(text.txt_data.concat()),
                _ => None,
            });
            Ok(texts.collect())
        })
    }
}

/// The security of a whole chain. Bogus and indeterminate records are a failure.
fn security(records: &[Record]) -> Result<Security, DnsFault> {
    let mut security = Security::Secure;
    for record in records {
        match record.proof {
            Proof::Secure => {}
            Proof::Insecure => security = Security::Insecure,
            Proof::Bogus | Proof::Indeterminate => return Err(DnsFault::Bogus),
        }
    }
    Ok(security)
}

/// The answer for an error.
fn denial(error: &NetError) -> Answer {
    let denied = |code| match code {
        ResponseCode::NXDomain => Denied::Name,
        _ => Denied::Type,
    };
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            Answer::None {
                denied: denied(none.response_code),
                security: Security::Insecure,
            }
        }
        NetError::Dns(DnsError::Nsec { response, proof, .. }) => match proof {
            Proof::Bogus | Proof::Indeterminate => Answer::Failed(DnsFault::Bogus),
            proof => Answer::None {
                denied: denied(response.response_code),
                security: match proof {
                    Proof::Secure => Security::Secure,
                    _ => Security::Insecure,
                },
            },
        },
        NetError::Dns(DnsError::DnssecBogus) => Answer::Failed(DnsFault::Bogus),
        _ => Answer::Failed(DnsFault::Unavailable),
    }
}

fn tlsa(data: &RData) -> Option<Tlsa> {
    match data {
        RData::TLSA(record) => Some(Tlsa::new(
            record.cert_usage.into(),
            record.selector.into(),
            record.matching.into(),
            record.cert_data.clone(),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
