//! The next hop of a message.
