//! The unit tests that need nothing of the crate but what is public, once more from outside: what they show, a user of
//! the crate can see.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic here is the report of a failed test"
)]

extern crate alloc;

use core::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
};

use smtp_proto::{TlsInfo, data, data::*, syntax, syntax::*, trace::*, types, types::*};

#[path = "../src/types/argument/tests.rs"]
mod argument;
#[path = "../src/types/code/tests.rs"]
mod code;
#[path = "../src/syntax/command/tests.rs"]
mod command_line;
#[path = "../src/types/domain/tests.rs"]
mod domain;
#[path = "../src/types/enhanced/tests.rs"]
mod enhanced;
#[path = "../src/types/envelope/tests.rs"]
mod envelope;
#[path = "../src/types/extension/tests.rs"]
mod extension;
#[path = "../src/types/extensions/tests.rs"]
mod extensions;
#[path = "../src/types/literal/tests.rs"]
mod literal;
#[path = "../src/types/mailbox/tests.rs"]
mod mailbox;
#[path = "../src/types/parameter/tests.rs"]
mod parameter;
#[path = "../src/types/path/tests.rs"]
mod path;
#[path = "../src/types/rejection/tests.rs"]
mod rejection;
#[path = "../src/types/reply/tests.rs"]
mod reply;
#[path = "../src/data/survey/tests.rs"]
mod survey;
#[path = "../src/types/text/tests.rs"]
mod text;
#[path = "../src/tls/tests.rs"]
mod tls;
#[path = "../src/trace/tests.rs"]
mod trace;
#[path = "../src/syntax/write/tests.rs"]
mod write;
