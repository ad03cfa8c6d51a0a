//! TLSA records (RFC 6698).
