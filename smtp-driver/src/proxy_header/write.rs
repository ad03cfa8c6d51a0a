//! The octets of the header.

use alloc::{format, vec::Vec};
use core::net::SocketAddr;

use super::{
    CHECKSUM, CHECKSUM_OCTETS, CRC32C, ProxyAddresses, ProxyHeader, ProxyVersion, SIGNATURE,
    read::{LOCAL, PROXY_COMMAND, TCP4, TCP6, UNSPECIFIED},
};

pub(super) fn header(header: &ProxyHeader) -> Vec<u8> {
    match header.version {
        ProxyVersion::V1 => v1(header.addresses),
        ProxyVersion::V2 => v2(header),
    }
}

fn v1(addresses: ProxyAddresses) -> Vec<u8> {
    let ProxyAddresses::Tcp { source, destination } = addresses else {
        return b"PROXY UNKNOWN\r\n".to_vec();
    };
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (source.port(), destination.port());
    let (source, destination) = (source.ip(), destination.ip());
    format!("PROXY {family} {source} {destination} {from} {to}\r\n").into_bytes()
}

fn v2(header: &ProxyHeader) -> Vec<u8> {
    let mut octets = SIGNATURE.to_vec();
    let (command, family) = match header.addresses {
        ProxyAddresses::Local => (LOCAL, UNSPECIFIED),
        ProxyAddresses::Unknown => (PROXY_COMMAND, UNSPECIFIED),
        ProxyAddresses::Tcp { source, .. } if source.is_ipv4() => (PROXY_COMMAND, TCP4),
        ProxyAddresses::Tcp { .. } => (PROXY_COMMAND, TCP6),
    };
    octets.extend_from_slice(&[command, family, 0, 0]);
    let before = octets.len();
    if let ProxyAddresses::Tcp { source, destination } = header.addresses {
        put_ip(&mut octets, source);
        put_ip(&mut octets, destination);
        octets.extend_from_slice(&source.port().to_be_bytes());
        octets.extend_from_slice(&destination.port().to_be_bytes());
    }
    octets.extend_from_slice(&header.tlvs);
    if header.has_checksum {
        octets.extend_from_slice(&[CHECKSUM, 0, CHECKSUM_OCTETS as u8]);
        octets.extend_from_slice(&[0; CHECKSUM_OCTETS]);
    }
    // It fits: values are accepted up to the bound.
    let length = u16::try_from(octets.len() - before).unwrap_or(u16::MAX);
    if let Some(place) = octets.get_mut(before - 2..before) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    if header.has_checksum {
        let checksum = CRC32C.checksum(&octets).to_be_bytes();
        octets.truncate(octets.len() - CHECKSUM_OCTETS);
        octets.extend_from_slice(&checksum);
    }
    octets
}

fn put_ip(octets: &mut Vec<u8>, address: SocketAddr) {
    match address {
        SocketAddr::V4(address) => octets.extend_from_slice(&address.ip().octets()),
        SocketAddr::V6(address) => octets.extend_from_slice(&address.ip().octets()),
    }
}
