//! SCRAM once more, written from RFC 5802 section 3 with other parts than the one that is tested.

use super::*;
use crate::sasl::base64;
use hmac::{Hmac, Mac};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reference {
    Sha1,
    Sha256,
    Sha512,
}

impl Reference {
    pub(super) fn of(mechanism: Mechanism) -> Self {
        if mechanism.as_str().starts_with("SCRAM-SHA-1") {
            Self::Sha1
        } else if mechanism.as_str().starts_with("SCRAM-SHA-512") {
            Self::Sha512
        } else {
            Self::Sha256
        }
    }

    fn h(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
            Self::Sha512 => Sha512::digest(octets).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Hmac::<Sha1>::new_from_slice(key)
                .unwrap()
                .chain_update(octets)
                .finalize()
                .into_bytes()
                .to_vec(),
            Self::Sha256 => Hmac::<Sha256>::new_from_slice(key)
                .unwrap()
                .chain_update(octets)
                .finalize()
                .into_bytes()
                .to_vec(),
            Self::Sha512 => Hmac::<Sha512>::new_from_slice(key)
                .unwrap()
                .chain_update(octets)
                .finalize()
                .into_bytes()
                .to_vec(),
        }
    }

    /// `Hi(str, salt, i)`
    pub(super) fn salted(self, password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut last = self.hmac(password.as_bytes(), &[salt, &[0, 0, 0, 1]].concat());
        let mut whole = last.clone();
        for _ in 1..iterations {
            last = self.hmac(password.as_bytes(), &last);
            whole = xor(&whole, &last);
        }
        whole
    }

    /// StoredKey and ServerKey.
    pub(super) fn keys(self, salted: &[u8]) -> (Vec<u8>, Vec<u8>) {
        (
            self.h(&self.hmac(salted, b"Client Key")),
            self.hmac(salted, b"Server Key"),
        )
    }

    /// The last messages of the client and of the server.
    pub(super) fn finals(
        self,
        salted: &[u8],
        client_first: &str,
        binding: &[u8],
        server_first: &str,
    ) -> (String, String) {
        let bare_at = client_first.match_indices(',').nth(1).unwrap().0 + 1;
        let (header, bare) = client_first.split_at(bare_at);
        let binding = if header.starts_with("p=") { binding } else { b"" };
        let nonce = server_first.split(',').next().unwrap();
        let without_proof = std::format!("c={},{nonce}", encode(&[header.as_bytes(), binding].concat()));
        let message = std::format!("{bare},{server_first},{without_proof}");
        let client_key = self.hmac(salted, b"Client Key");
        let (stored_key, server_key) = self.keys(salted);
        let proof = xor(&client_key, &self.hmac(&stored_key, message.as_bytes()));
        (
            std::format!("{without_proof},p={}", encode(&proof)),
            std::format!("v={}", encode(&self.hmac(&server_key, message.as_bytes()))),
        )
    }
}

pub(super) fn encode(octets: &[u8]) -> String {
    let mut encoded = Vec::new();
    base64::encode(octets, &mut encoded);
    text(&encoded)
}

fn xor(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter().zip(right).map(|(left, right)| left ^ right).collect()
}
