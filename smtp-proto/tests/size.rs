//! Size of the machines, which bounds the memory of idle sessions.

use smtp_proto::{client::Client, server::Server};

#[test]
fn a_machine_is_at_most_one_kibibyte() {
    assert!(
        size_of::<Server>() <= 1024,
        "Server: {} octets",
        size_of::<Server>()
    );
    assert!(
        size_of::<Client>() <= 1024,
        "Client: {} octets",
        size_of::<Client>()
    );
}
