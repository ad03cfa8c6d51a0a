//! Servers authenticated by TLSA records.

mod ee;
mod records;
mod ta;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use sha2::{Digest, Sha256, Sha512};
use smtp_proto::TlsInfo;
use smtp_rustls::{
    ClientTls, Dane, Identity, ServerSettings, ServerTls, Tlsa, TlsaMismatch,
    rustls::{
        self, CertificateError,
        pki_types::{CertificateDer, PrivateKeyDer},
        server::ParsedCertificate,
    },
};

use crate::shake;

const EE: u8 = 3;
const TA: u8 = 2;

/// A certificate with its key.
struct Node {
    params: CertificateParams,
    key: KeyPair,
    der: CertificateDer<'static>,
}

impl Node {
    fn new(params: CertificateParams, issuer: Option<&Self>) -> Self {
        Self::with_key(params, KeyPair::generate().unwrap(), issuer)
    }

    fn with_key(params: CertificateParams, key: KeyPair, issuer: Option<&Self>) -> Self {
        let certificate = match issuer {
            None => params.self_signed(&key),
            Some(issuer) => params.signed_by(&key, &Issuer::from_params(&issuer.params, &issuer.key)),
        };
        let der = certificate.unwrap().der().clone();
        Self { params, key, der }
    }

    fn public_key(&self) -> Vec<u8> {
        let parsed = ParsedCertificate::try_from(&self.der).unwrap();
        parsed.subject_public_key_info().to_vec()
    }

    /// The record of this certificate, or of its key.
    fn tlsa(&self, usage: u8, selector: u8, matching: u8) -> Tlsa {
        let whole = if selector == 0 {
            self.der.to_vec()
        } else {
            self.public_key()
        };
        let data = match matching {
            0 => whole,
            1 => Sha256::digest(whole).to_vec(),
            _ => Sha512::digest(whole).to_vec(),
        };
        Tlsa::new(usage, selector, matching, data)
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn server(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
    params
}

fn future(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2999, 1, 1);
    params.not_after = date_time_ymd(3000, 1, 1);
    params
}

/// A root, an issuer below it, and a server of `mx.example`.
struct Chain {
    root: Node,
    middle: Node,
    leaf: Node,
}

impl Chain {
    fn new() -> Self {
        Self::of(authority("root"), authority("middle"), server("mx.example"))
    }

    fn of(root: CertificateParams, middle: CertificateParams, leaf: CertificateParams) -> Self {
        let root = Node::new(root, None);
        let middle = Node::new(middle, Some(&root));
        let leaf = Node::new(leaf, Some(&middle));
        Self { root, middle, leaf }
    }

    /// A server that sends its certificate and that of its issuer, as most do.
    fn server(&self) -> ServerTls {
        serve(&self.leaf, &[&self.middle])
    }

    fn server_with_root(&self) -> ServerTls {
        serve(&self.leaf, &[&self.middle, &self.root])
    }
}

/// A server with this certificate, which also sends the others.
fn serve(leaf: &Node, others: &[&Node]) -> ServerTls {
    let chain = [leaf].iter().chain(others).map(|node| node.der.clone()).collect();
    let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).unwrap();
    ServerSettings::new(Identity::new(chain, key).unwrap())
        .build()
        .unwrap()
}

fn dane(records: impl IntoIterator<Item = Tlsa>) -> Dane {
    Dane::new(records, "mx.example").unwrap()
}

fn shake_by(dane: Dane, server: &ServerTls) -> Result<TlsInfo, rustls::Error> {
    shake(&ClientTls::dane(dane).unwrap(), server).map(|(near, _)| near)
}

fn passes(records: impl IntoIterator<Item = Tlsa>, server: &ServerTls) {
    shake_by(dane(records), server).unwrap();
}

#[track_caller]
fn fault(records: impl IntoIterator<Item = Tlsa>, server: &ServerTls) -> CertificateError {
    match shake_by(dane(records), server) {
        Err(rustls::Error::InvalidCertificate(fault)) => fault,
        other => unreachable!("{other:?}"),
    }
}

#[track_caller]
fn matches_nothing(records: impl IntoIterator<Item = Tlsa>, server: &ServerTls) {
    match fault(records, server) {
        CertificateError::Other(other) => assert!(other.0.is::<TlsaMismatch>(), "{other:?}"),
        other => unreachable!("{other:?}"),
    }
}
