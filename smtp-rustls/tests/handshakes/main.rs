//! Handshakes in memory between the settings for both sides, and their results.
#![cfg(feature = "ring")]
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

mod dane;

use std::{fs, io, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use smtp_proto::TlsInfo;
use smtp_rustls::{
    ClientSettings, ClientTls, Error, Identity, Roots, ServerSettings, ServerTls, explain_handshake,
    provider,
    rustls::{
        self, CertificateError, ClientConfig, ClientConnection, RootCertStore, ServerConnection,
        crypto::CryptoProvider,
        pki_types::{CertificateDer, PrivateKeyDer},
        version::TLS12,
    },
    server_tls_info,
};

/// An issuer of certificates.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    fn roots(&self) -> Roots {
        let mut store = RootCertStore::empty();
        store.add(self.certificate.clone()).unwrap();
        Roots::new(store).unwrap()
    }

    /// A certificate for these names.
    fn identity(&self, names: &[&str]) -> Identity {
        self.identity_from(names, 2020)
    }

    /// One that is good for three years from this one on.
    fn identity_from(&self, names: &[&str], year: i32) -> Identity {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(year, 1, 1);
        if year < 2020 {
            params.not_after = rcgen::date_time_ymd(year + 3, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Identity::new(vec![certificate.der().clone()], key).unwrap()
    }
}

/// The facts that both sides know after the handshake.
fn shake(client: &ClientTls, server: &ServerTls) -> Result<(TlsInfo, TlsInfo), rustls::Error> {
    let mut near = ClientConnection::new(Arc::clone(client.config()), client.name().clone())?;
    let mut far = ServerConnection::new(Arc::clone(server.config()))?;
    while near.is_handshaking() || far.is_handshaking() {
        let mut wire = Vec::new();
        while near.wants_write() {
            near.write_tls(&mut wire).unwrap();
        }
        let mut said = &wire[..];
        while !said.is_empty() {
            far.read_tls(&mut said).unwrap();
            far.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while far.wants_write() {
            far.write_tls(&mut wire).unwrap();
        }
        let mut said = &wire[..];
        while !said.is_empty() {
            near.read_tls(&mut said).unwrap();
            near.process_new_packets()?;
        }
    }
    Ok((client.info(&near), server_tls_info(&far)))
}

fn shown(info: &TlsInfo) -> Option<&[u8]> {
    info.peer_certificate.as_deref()
}

fn own(identity: &Identity) -> Option<&[u8]> {
    identity.certificate().map(AsRef::as_ref)
}

#[test]
fn both_sides_know_the_same() {
    let authority = Authority::new();
    let identity = authority.identity(&["mx.example"]);
    let server = ServerSettings::new(identity.clone()).build().unwrap();
    let tls = ClientTls::trusting(&authority.roots(), "mx.example").unwrap();
    let (near, far) = shake(&tls, &server).unwrap();
    assert_eq!(near.protocol.as_deref(), Some("TLSv1.3"));
    assert!(
        near.cipher.as_deref().unwrap().starts_with("TLS_AES_"),
        "{near:?}"
    );
    assert_eq!(near.server_name.as_deref(), Some("mx.example"));
    assert!(near.channel_binding.is_some_and(|binding| binding != [0; 32]));
    assert_eq!(shown(&near), own(&identity));
    assert!(near.peer_verified);
    let mut both = near;
    both.peer_verified = false;
    both.peer_certificate = None;
    assert_eq!(both, far, "and the client showed no certificate");
    let (other, _) = shake(&tls, &server).unwrap();
    assert_ne!(other.channel_binding, far.channel_binding);
    assert!(
        CryptoProvider::get_default().is_none(),
        "that is not for a library to choose"
    );
}

#[test]
fn before_tls_1_3_nothing_binds() {
    let authority = Authority::new();
    let server = ServerSettings::new(authority.identity(&["mx.example"]))
        .build()
        .unwrap();
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(authority_store(&authority))
        .with_no_client_auth();
    let tls = ClientTls::new(config.into(), "mx.example".try_into().unwrap());
    let (near, far) = shake(&tls, &server).unwrap();
    assert_eq!(near.protocol.as_deref(), Some("TLSv1.2"));
    assert_eq!(
        near.cipher.as_deref(),
        Some("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
    );
    assert_eq!((near.channel_binding, far.channel_binding), (None, None));
    assert_eq!(far.cipher, near.cipher);
}

fn authority_store(authority: &Authority) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add(authority.certificate.clone()).unwrap();
    store
}

#[test]
fn the_name_that_is_asked_for_picks_the_certificate() {
    let authority = Authority::new();
    let [first, second, wild] = [
        &["mx.example", "192.0.2.1"][..],
        &["mail.test"],
        &["*.hosts.test"],
    ]
    .map(|names| authority.identity(names));
    let server = ServerSettings::new(first.clone())
        .with_identity(second.clone())
        .with_identity(wild.clone())
        .build()
        .unwrap();
    for (name, identity) in [
        ("mx.example", &first),
        ("mail.test", &second),
        ("MAIL.test", &second),
        ("a.hosts.test", &wild),
        // No name is asked for with an address.
        ("192.0.2.1", &first),
    ] {
        let tls = ClientTls::trusting(&authority.roots(), name).unwrap();
        let (near, far) = shake(&tls, &server).unwrap();
        assert_eq!(shown(&near), own(identity), "{name}");
        assert_eq!(
            far.server_name.is_some(),
            !name.starts_with('1'),
            "{:?}",
            far.server_name
        );
    }
    let tls = ClientTls::trusting(&authority.roots(), "unknown.test").unwrap();
    match shake(&tls, &server) {
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        })) => assert!(
            presented.iter().any(|name| name.contains("mx.example")),
            "{presented:?}"
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_certificate_is_reported_if_sent() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = ServerSettings::new(authority.identity(&["mx.example"]))
        .with_client_roots(clients.roots())
        .build()
        .unwrap();
    let settings = ClientSettings::trusting(authority.roots());
    let (_, far) = shake(&settings.for_server("mx.example").unwrap(), &server).unwrap();
    assert_eq!(far.peer_certificate, None);
    let identity = clients.identity(&["client.example"]);
    let tls = settings
        .clone()
        .with_identity(identity.clone())
        .for_server("mx.example")
        .unwrap();
    let (_, far) = shake(&tls, &server).unwrap();
    assert!(far.peer_verified);
    assert_eq!(shown(&far), own(&identity));
    // Again, and TLS 1.3 would resume.
    let (_, far) = shake(&tls, &server).unwrap();
    assert_eq!(shown(&far), own(&identity));
    let stranger = Authority::new().identity(&["client.example"]);
    let tls = settings.with_identity(stranger).for_server("mx.example").unwrap();
    assert!(matches!(
        shake(&tls, &server),
        Err(rustls::Error::InvalidCertificate(_))
    ));
}

#[test]
fn a_server_without_roots_asks_no_client_for_a_certificate() {
    let authority = Authority::new();
    let server = ServerSettings::new(authority.identity(&["mx.example"]))
        .build()
        .unwrap();
    let tls = ClientSettings::trusting(authority.roots())
        .with_identity(authority.identity(&["client.example"]))
        .for_server("mx.example")
        .unwrap();
    let (_, far) = shake(&tls, &server).unwrap();
    assert_eq!(far.peer_certificate, None);
}

#[test]
fn certificates_of_another_name_of_another_issuer_or_of_another_time_are_refused() {
    let authority = Authority::new();
    let refused = |identity: Identity, roots: &Roots, name: &str| {
        let server = ServerSettings::new(identity).build().unwrap();
        let tls = ClientTls::trusting(roots, name).unwrap();
        match shake(&tls, &server) {
            Err(rustls::Error::InvalidCertificate(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let good = || authority.identity(&["mx.example"]);
    assert!(matches!(
        refused(good(), &authority.roots(), "other.example"),
        CertificateError::NotValidForNameContext { .. }
    ));
    assert!(matches!(
        refused(good(), &Authority::new().roots(), "mx.example"),
        CertificateError::UnknownIssuer | CertificateError::BadSignature
    ));
    assert!(matches!(
        refused(
            authority.identity_from(&["mx.example"], 2010),
            &authority.roots(),
            "mx.example"
        ),
        CertificateError::ExpiredContext { .. }
    ));
    assert!(matches!(
        refused(
            authority.identity_from(&["mx.example"], 2999),
            &authority.roots(),
            "mx.example"
        ),
        CertificateError::NotValidYetContext { .. }
    ));
}

#[test]
fn an_unverified_server_is_accepted_and_has_no_certificate() {
    let authority = Authority::new();
    // Another name, an unknown issuer, and a time long past.
    let identity = authority.identity_from(&["elsewhere.example"], 2001);
    let server = ServerSettings::new(identity).build().unwrap();
    let tls = ClientSettings::opportunistic_unverified()
        .for_server("mx.example")
        .unwrap();
    let own_settings = ClientTls::new(Arc::clone(tls.config()), tls.name().clone()).unverified();
    for tls in [tls.to("192.0.2.1").unwrap(), tls, own_settings] {
        let (near, far) = shake(&tls, &server).unwrap();
        assert_eq!(near.protocol.as_deref(), Some("TLSv1.3"));
        assert_eq!(near.channel_binding, far.channel_binding);
        // It could be a copy of another server's.
        assert!(near.peer_certificate.is_none() && !near.peer_verified);
    }
}

#[test]
fn this_computer_does_not_trust_a_stranger() {
    let server = ServerSettings::new(Authority::new().identity(&["mx.example"]))
        .build()
        .unwrap();
    // A computer without any certificates returns an error.
    if let Ok(tls) = ClientTls::platform("mx.example") {
        assert!(matches!(
            shake(&tls, &server),
            Err(rustls::Error::InvalidCertificate(_))
        ));
    }
}

#[cfg(feature = "self-signed")]
#[test]
fn a_certificate_can_be_made_up() {
    let identity = Identity::self_signed(["mx.example", "127.0.0.1"]).unwrap();
    let server = ServerSettings::new(identity.clone()).build().unwrap();
    let tls = ClientTls::trusting(&identity.to_roots().unwrap(), "127.0.0.1").unwrap();
    shake(&tls, &server).unwrap();
    let (near, _) = shake(&tls.to("mx.example").unwrap(), &server).unwrap();
    assert_eq!(shown(&near), own(&identity));
    assert!(shake(&tls.to("other.example").unwrap(), &server).is_err());
    for names in [&[][..], &["no name"], &["mx.example", ""]] {
        let refused = Identity::self_signed(names.iter().copied());
        assert!(matches!(refused, Err(Error::SelfSigned(_))), "{refused:?}");
    }
}

/// Files with these contents.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(dir.path().join(name), content).unwrap();
        }
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn settings_are_read_from_files_and_each_fault_has_its_own_error() {
    let made = rcgen::generate_simple_self_signed(vec!["mx.example".to_owned()]).unwrap();
    let other = KeyPair::generate().unwrap().serialize_pem();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let files = Files::new(&[
        ("cert", &certificate),
        ("key", &key),
        ("both", &format!("{key}{certificate}")),
        ("other", &other),
        ("text", "hello"),
        ("cut", "-----BEGIN CERTIFICATE-----\nMIIB\n"),
        (
            "junk",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ),
        (
            "locked",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
        ),
    ]);
    let identity = |chain: &str, key: &str| Identity::from_files(files.path(chain), files.path(key));
    let roots = |name: &str| Roots::from_file(files.path(name));
    for (chain, key) in [("cert", "key"), ("both", "both")] {
        let server = ServerSettings::new(identity(chain, key).unwrap())
            .build()
            .unwrap();
        let tls = ClientTls::trusting(&roots(chain).unwrap(), "mx.example").unwrap();
        shake(&tls, &server).unwrap();
    }
    assert!(matches!(identity("none", "key"), Err(Error::Read { path, .. }) if path.ends_with("none")));
    assert!(matches!(identity("cert", "none"), Err(Error::Read { path, .. }) if path.ends_with("none")));
    assert!(matches!(identity("text", "key"), Err(Error::NoCertificate { path }) if path.ends_with("text")));
    assert!(matches!(identity("cert", "cert"), Err(Error::NoKey { .. })));
    assert!(matches!(identity("cert", "locked"), Err(Error::NoKey { .. })));
    assert!(matches!(identity("cut", "key"), Err(Error::Malformed { .. })));
    assert!(matches!(identity("cert", "other"), Err(Error::Pair { .. })));
    assert!(matches!(identity("junk", "key"), Err(Error::Pair { .. })));
    assert!(matches!(roots("none"), Err(Error::Read { .. })));
    assert!(matches!(roots("key"), Err(Error::NoCertificate { .. })));
    assert!(matches!(roots("cut"), Err(Error::Malformed { .. })));
    assert!(matches!(roots("junk"), Err(Error::Root { .. })));
    assert!(matches!(Roots::new(RootCertStore::empty()), Err(Error::NoRoots)));
    let message = identity("cert", "other").unwrap_err().to_string();
    assert!(message.contains("cert") && message.contains("other"), "{message}");
}

#[test]
fn a_name_is_a_domain_or_an_address() {
    for name in ["", "no name", "mx.example:25", "[192.0.2.1]"] {
        let refused = ClientTls::platform(name);
        assert!(
            matches!(&refused, Err(Error::Name(said)) if said == name),
            "{refused:?}"
        );
    }
}

#[test]
fn keys_are_not_shown() {
    let shown = format!("{:?}", Authority::new().identity(&["mx.example"]));
    assert_eq!(shown, "Identity { certificates: 1, .. }");
}

#[test]
fn the_error_names_a_server_that_sends_plaintext() {
    let tls = ClientTls::trusting(&Authority::new().roots(), "mx.example").unwrap();
    let mut near = ClientConnection::new(Arc::clone(tls.config()), tls.name().clone()).unwrap();
    near.read_tls(&mut &b"220 mx.example ESMTP\r\n"[..]).unwrap();
    let fault = near.process_new_packets().unwrap_err();
    let error = explain_handshake(io::Error::new(io::ErrorKind::InvalidData, fault));
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(
        error.to_string(),
        "server speaks plaintext on this port: use STARTTLS, or no TLS"
    );
    let other = explain_handshake(io::Error::other("reset"));
    assert_eq!(other.to_string(), "reset");
}
